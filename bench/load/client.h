/* One WebSocket client on the generator's ring: it connects, upgrades, goes through the steps that join a
 * topic, and from then on hands on the number of each message that comes, which was compared with what it
 * must be. A message that is not what it must be ends the program.
 *
 *   FREE -> CONNECTING -> UPGRADING -> JOINING -> JOINED -> LEAVING -> LEFT
 *   any of them -> CLOSING -> FREE, with `gone` called last
 */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "conversation.h"
#include "outbuf.h"

struct load;
struct io_uring_cqe;

enum client_state {
    CLIENT_FREE,
    CLIENT_CONNECTING,
    CLIENT_UPGRADING,
    CLIENT_JOINING,
    CLIENT_JOINED,
    CLIENT_LEAVING,
    CLIENT_LEFT,
    CLIENT_CLOSING,
};

struct client {
    struct load *load;
    const struct conversation *conversation;
    const struct pattern *expected; /* what comes next; NULL: nothing may */
    struct frame_parser parser;
    struct outbuf out;
    struct outbuf_part response; /* the part of a response head that has come */
    const char *why;             /* it ends; NULL: because it was told to */
    uint64_t number;             /* of the message that is coming */
    int fd;
    uint8_t state; /* enum client_state */
    uint8_t step;
    uint8_t operations; /* under way in the ring */
    bool sending;
    bool stalled;
    bool elsewhere; /* on another node, to publish: what it gets is not counted */
    bool closed;    /* by us or by the server: it ends when no operation is under way */
    unsigned topic;

    /* The scenario's. */
    uint64_t next;
    uint64_t since;
    uint64_t count;
    uint64_t sum;
};

/* What a scenario hears of its clients. All are called from the loop, never from within a call below. */
struct client_events {
    void (*joined)(struct client *client); /* sets client->expected */
    void (*received)(struct client *client, uint64_t number);
    void (*left)(struct client *client);
    void (*gone)(struct client *client, const char *why); /* NULL: as it was told to */
};

/* Connect and join. Requires a client that is FREE. */
void client_start(struct client *client, const struct conversation *conversation, unsigned topic);

/* Queue a frame, and send what is queued: one call of the second is one segment, as far as it fits. */
void client_queue(struct client *client, const struct frame *frame, uint64_t number);
void client_flush(struct client *client);

static inline void client_send(struct client *client, const struct frame *frame, uint64_t number)
{
    client_queue(client, frame, number);
    client_flush(client);
}

void client_leave(struct client *client);

/* Say goodbye with a close frame; the server answers it and ends the connection. */
void client_close(struct client *client);

/* Hang up. */
void client_hang_up(struct client *client);

/* Read no more from now on, and leave the connection as it is. What is on its way may still come. */
void client_stall(struct client *client);

/* Free what it holds, when the ring is no longer asked for completions. */
void client_release(struct client *client);

/* The ring's completions for clients come here. */
void client_completed(struct load *load, const struct io_uring_cqe *cqe);

#endif
