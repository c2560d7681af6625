/* Connections that send more than their share in a turn of the loop: they are read one after the other, a
 * piece each, until the turn's budget is used up; who was not read is read first in the next turn. So whoever
 * sends without pause waits for others who do so, and nobody else waits for them.
 *
 * A connection gets in when it has filled its share, and out when it has nothing to read. Most connections
 * never get in, hence those that do lie in an array here, and cost nothing where they do not.
 */
#ifndef PINION_IO_BUSY_H
#define PINION_IO_BUSY_H

#include <stdbool.h>
#include <stddef.h>

struct pinion_conn;
struct pinion_loop;

#define PINION_RECV_SHARE                                                                                    \
    ((size_t)16 * 1024)                       /* bytes of one connection in a turn; who sends more is busy   \
                                               */
#define PINION_RECV_LEAST ((size_t)2 * 1024)  /* the same in a turn in which others have sent a lot */
#define PINION_RECV_TURN  ((size_t)64 * 1024) /* that is a lot; as much is read from busy ones in a turn */
#define PINION_RECV_PIECE ((size_t)8 * 1024)  /* read from a busy one before the next one gets its turn */
#define PINION_RECV_MS    4                   /* after which no further piece is read in a turn */

/* All zero: nobody is busy. The array is a ring, the one who waits longest first. */
struct pinion_busy {
    struct pinion_conn **array;
    size_t first;
    size_t count;
    size_t max; /* a power of two, or 0 */
};

void pinion__busy_release(struct pinion_busy *busy);

/* Have a connection read in turn. It must be neither ending nor busy. Without memory it ends. */
void pinion__busy_add(struct pinion_conn *conn);

/* Nothing happens when it is not busy. */
void pinion__busy_remove(struct pinion_conn *conn);

/* Read from those who wait, as much as one turn may. Those who have nothing more to read, or are paused, are
 * unsettled and not busy any more. Must be called in the delivery phase of a turn. */
void pinion__busy_read(struct pinion_loop *loop);

#endif
