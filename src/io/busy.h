/* Busy connections send more than their share in a turn of the loop. They are read one after the other, a
 * piece each, until the turn's budget is used up; those not read are read first in the next turn. So a
 * connection that sends without pause waits for others like it, and the rest wait for none of them.
 *
 * A connection becomes busy when it has filled its share, and stops being busy when it has nothing to read.
 * Most connections never become busy. So the busy ones lie in an array here, and the others hold no memory
 * for it. */
#ifndef PINION_IO_BUSY_H
#define PINION_IO_BUSY_H

#include <stdbool.h>
#include <stddef.h>

struct pinion_conn;
struct pinion_loop;

/* All together send much in a turn when they exceed PINION_RECV_TURN; then shares are small. */
#define PINION_RECV_SHARE ((size_t)16 * 1024) /* bytes of a connection in a turn; with more it is busy */
#define PINION_RECV_LEAST ((size_t)2 * 1024)  /* the small share */
#define PINION_RECV_TURN  ((size_t)64 * 1024) /* also the bytes read from busy ones in a turn */
#define PINION_RECV_PIECE ((size_t)8 * 1024)  /* read from a busy one before the next has its turn */
#define PINION_RECV_MS    4                   /* after which no further piece is read in a turn */

/* All zero: no connection is busy. The array is a ring; the connection that has waited longest comes
 * first. */
struct pinion_busy {
    struct pinion_conn **array;
    size_t first;
    size_t count;
    size_t max; /* a power of two, or 0 */
};

void pinion__busy_release(struct pinion_busy *busy);

/* Make a connection busy. It must not be ending or busy. If there is no memory, the connection ends. */
void pinion__busy_add(struct pinion_conn *conn);

/* This does nothing when the connection is not busy. */
void pinion__busy_remove(struct pinion_conn *conn);

/* Read from busy connections, as much as one turn may. Those that have nothing more to read, or are paused,
 * are unsettled and no longer busy. It must be called in the delivery phase of a turn. */
void pinion__busy_read(struct pinion_loop *loop);

#endif
