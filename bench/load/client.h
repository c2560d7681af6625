/* One WebSocket client on the generator's ring. It connects, upgrades, and takes the steps that join a topic.
 * Then it compares each message that comes with the expected one, and hands on its number. A wrong message
 * ends the program.
 *
 *   FREE -> CONNECTING -> UPGRADING -> JOINING -> JOINED -> LEAVING -> LEFT
 *   any of them -> CLOSING -> FREE, with `gone` called last */
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
    const struct pattern *expected; /* the next message; NULL: none may come */
    struct frame_parser parser;
    struct outbuf out;
    struct outbuf_part response; /* the part of the response's head that has come */
    const char *why;             /* why it ends; NULL: it was told to */
    uint64_t number;             /* the number in the message that is coming */
    int fd;
    uint8_t state; /* enum client_state */
    uint8_t step;
    uint8_t operations; /* how many are under way in the ring */
    bool sending;
    bool stalled;   /* it reads no more */
    bool elsewhere; /* it publishes on another node; what it gets is not counted */
    bool closed;    /* by us or by the server; it ends when no operation is under way */
    unsigned topic;

    /* For the scenario. */
    uint64_t next;
    uint64_t since;
    uint64_t count;
    uint64_t sum;
};

/* What a scenario is told of its clients. All are called from the loop, and never inside one of the functions
 * below. */
struct client_events {
    void (*joined)(struct client *client); /* sets client->expected */
    void (*received)(struct client *client, uint64_t number);
    void (*left)(struct client *client);
    void (*gone)(struct client *client, const char *why); /* why NULL: it was told to */
};

/* Connect and join. The client must be FREE. */
void client_start(struct client *client, const struct conversation *conversation, unsigned topic);

/* client_queue: queue a frame. client_flush: send what is queued, in one segment if it fits. */
void client_queue(struct client *client, const struct frame *frame, uint64_t number);
void client_flush(struct client *client);

static inline void client_send(struct client *client, const struct frame *frame, uint64_t number)
{
    client_queue(client, frame, number);
    client_flush(client);
}

void client_leave(struct client *client);

/* Send a close frame. The server answers it, and ends the connection. */
void client_close(struct client *client);

/* End the connection without a close frame. */
void client_hang_up(struct client *client);

/* Read no more from now on, but keep the connection. What is on its way may still come. */
void client_stall(struct client *client);

/* Free its memory, once no more completions are taken from the ring. */
void client_release(struct client *client);

/* Handle a completion of an operation of a client. */
void client_completed(struct load *load, const struct io_uring_cqe *cqe);

#endif
