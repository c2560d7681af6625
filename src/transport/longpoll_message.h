/* The messages between nodes about exchanges whose session lives on another node. They travel over the
 * pubsub's direct channel, and may be lost.
 *
 *   message = 1 number loop id kind ndjson path body     a request; loop, kind and ndjson are a byte each
 *           | 2 number flags text                        its answer
 *           | 3 number loop                              nobody waits for that any more
 *           | 3 number loop 1                            a poll is called home: it is answered now
 *
 *   number  = varint, the asking node's; its lowest bits are the index of the asking loop
 *   loop    = the index of the session's loop
 *   path    = length (a byte) bytes, of the mount */
#ifndef PINION_TRANSPORT_LONGPOLL_MESSAGE_H
#define PINION_TRANSPORT_LONGPOLL_MESSAGE_H

#include "base/buf.h"
#include "base/slice.h"
#include "transport/longpoll_exchange.h"

#define PINION_LONGPOLL_LOOP_BITS    6   /* of a number */
#define PINION_LONGPOLL_MESSAGE_ROOM 512 /* bytes of what is around a body or text */

enum pinion_longpoll_message_type {
    PINION_LONGPOLL_REQUEST = 1,
    PINION_LONGPOLL_ANSWER = 2,
    PINION_LONGPOLL_CANCEL = 3
};

/* A message that came. Its slices are borrowed. */
struct pinion_longpoll_message {
    unsigned type;
    unsigned loop; /* that it is for: the session's, or the asking one if it is an answer */
    uint64_t number;
    struct pinion_slice node; /* who sent it */
    struct pinion_slice rest; /* for that loop to read */
};

struct pinion_longpoll_request {
    const unsigned char *id;
    unsigned kind; /* enum pinion_longpoll_kind, or one that is not known here */
    bool ndjson;
    struct pinion_slice path;
    struct pinion_slice body;
};

struct pinion_longpoll_answer {
    bool gone;
    bool refused;
    struct pinion_slice text;
};

/* Append a message. PINION_ENOMEM. PINION_ETOOBIG: the buffer is full, or the path has over 255 bytes. */
int pinion__longpoll_message_put_request(struct pinion_buf *out, uint64_t number, unsigned loop,
                                         const struct pinion_longpoll_request *request);
int pinion__longpoll_message_put_answer(struct pinion_buf *out, uint64_t number,
                                        const struct pinion_longpoll_answer *answer);
int pinion__longpoll_message_put_cancel(struct pinion_buf *out, uint64_t number, unsigned loop);
int pinion__longpoll_message_put_recall(struct pinion_buf *out, uint64_t number, unsigned loop);

/* Read the head of a message. The caller sets the node. False: the message is malformed. */
bool pinion__longpoll_message_read(struct pinion_slice bytes, struct pinion_longpoll_message *message);

/* Read the rest of a message. False: it is malformed. */
bool pinion__longpoll_message_read_request(struct pinion_slice rest, struct pinion_longpoll_request *request);
bool pinion__longpoll_message_read_answer(struct pinion_slice rest, struct pinion_longpoll_answer *answer);

/* True for a cancellation that is to be answered. Nodes of before know none, and take it as any other. */
bool pinion__longpoll_message_is_recall(const struct pinion_longpoll_message *message);

/* Send a message to this node. Errors as pinion__pubsub_send. */
int pinion__longpoll_message_send(struct pinion_hub *hub, const char *node, const struct pinion_buf *message);

#endif
