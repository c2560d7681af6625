/* Refs: weak handles on a channel or a socket, and on the message they were made for. All that a ref does
 * runs on the loop. */
#ifndef PINION_ENGINE_REF_H
#define PINION_ENGINE_REF_H

#include "base/slice.h"
#include <pinion/channel.h>

struct pinion_anchor;
struct pinion_promise;
struct pinion_scheduler;

/* A ref does not change once it is made, so any thread may read it. */
struct pinion_ref {
    struct pinion_scheduler *scheduler; /* referenced, since the ref may outlive the endpoint */
    struct pinion_anchor *channel;      /* NULL for a socket's ref */
    struct pinion_anchor *socket;
    uint64_t subscriber;            /* the channel's id as a subscriber; 0 for a socket's ref */
    bool answers;                   /* made in a join or a connect */
    bool replies;                   /* made for a message */
    struct pinion_promise *promise; /* what the ref can answer, referenced; NULL: nothing */
    struct pinion_slice topic;
    struct pinion_slice join_ref;
    struct pinion_slice ref; /* of the message, as JSON text */
    char text[];
};

/* The subscriber id of the ref's channel; 0 for a socket's ref, and for NULL. Thread: any. */
uint64_t pinion__ref_subscriber(const pinion_ref *ref);

#endif
