/* Calls of the application that are refused. Most such calls need not be checked, and so their mistakes would
 * vanish: each is said in the log at warning, with what to do, once a second for each code; it is counted,
 * and kept for pinion_error_detail(). A call that is not refused does not come here. */
#ifndef PINION_ENGINE_REFUSED_H
#define PINION_ENGINE_REFUSED_H

#include "base/slice.h"
#include <pinion/payload.h>

struct pinion_channel;
struct pinion_hub;
struct pinion_socket;

/* What was called, as far as it is known: all but `call` may be left out. */
struct pinion_refused {
    const char *call;                     /* "pinion_push" */
    const char *name;                     /* the event, or the name, key or status it was given */
    const struct pinion_channel *channel; /* whose; named with its client. Then on its loop */
    const struct pinion_socket *socket;   /* in place of a channel */
    struct pinion_hub *hub;               /* in place of either: where it is counted */
    struct pinion_slice topic;            /* where there is no channel at hand */
    bool of_ref;                          /* the topic is that of a ref's channel */
    const pinion_payload *payload;        /* names why it could not be built, of PINION_EPAYLOAD */
    const char *why;                      /* a better sentence than that of the code */
};

/* Say that this call is refused with `code`, which is returned. Thread: any, without a channel or socket. */
int pinion__refuse(const struct pinion_refused *refused, int code);

#define PINION_POISON_WHY 440

/* Why a payload is poison, as a sentence: for the arguments of a line, and as long as that lives. */
const char *pinion__poison_why(char out[PINION_POISON_WHY], const pinion_payload *payload);
#define PINION_POISONED(payload) pinion__poison_why((char[PINION_POISON_WHY]){ 0 }, payload)

#endif
