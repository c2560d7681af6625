/* Calls of the application that are refused. An application need not check the result of most calls, so a
 * mistake would go unnoticed. The log therefore tells of it at warning, with what to do, once a second for
 * each code. It is also counted, and kept for pinion_error_detail(). */
#ifndef PINION_ENGINE_REFUSED_H
#define PINION_ENGINE_REFUSED_H

#include "base/slice.h"
#include <pinion/payload.h>

struct pinion_channel;
struct pinion_hub;
struct pinion_socket;

/* What was called. Only `call` is always set; the others are set when they are known. */
struct pinion_refused {
    const char *call;                     /* the function: "pinion_push" */
    const char *name;                     /* the event, name, key or status that was passed */
    const struct pinion_channel *channel; /* of the call; only on the channel's loop */
    const struct pinion_socket *socket;   /* of the call, when there is no channel; only on its loop */
    struct pinion_hub *hub;               /* where to count, when there is neither */
    struct pinion_slice topic;            /* what to name, when there is neither */
    bool of_ref;                          /* the topic is of a ref's channel */
    bool of_actor;                        /* the topic is the name of an actor */
    const pinion_payload *payload;        /* for PINION_EPAYLOAD: it knows why it could not be built */
    const char *why;                      /* a better sentence than the usual one for the code */
};

/* Say that this call is refused with `code`. Returns the code. Thread: any; with a channel or a socket, its
 * loop. */
int pinion__refuse(const struct pinion_refused *refused, int code);

#define PINION_POISON_WHY 440

/* A sentence that says why a payload is poison. The macro's text lives until the end of the enclosing block.
 */
const char *pinion__poison_why(char out[PINION_POISON_WHY], const pinion_payload *payload);
#define PINION_POISONED(payload) pinion__poison_why((char[PINION_POISON_WHY]){ 0 }, payload)

#endif
