/* What a shard measures when somebody wants to know: how long callbacks and turns of the loop take. A shard
 * without a meter looks at no precise clock. */
#ifndef PINION_ENGINE_METER_H
#define PINION_ENGINE_METER_H

#include "base/histogram.h"

struct pinion_hub;
struct pinion_shard;

/* Callbacks that are measured together. */
enum pinion_callback_kind {
    PINION_CALLBACK_OTHER,
    PINION_CALLBACK_CONNECT,
    PINION_CALLBACK_JOIN, /* after_join too */
    PINION_CALLBACK_HANDLE_IN,
    PINION_CALLBACK_HANDLE_OUT,
    PINION_CALLBACK_HANDLE_INFO,
    PINION_CALLBACK_TERMINATE,
    PINION_CALLBACK_ACTOR,
    PINION_CALLBACK_HTTP,
    PINION_CALLBACK_TELEMETRY,
    PINION_CALLBACK_KINDS
};

struct pinion_meter {
    struct pinion_histogram callbacks[PINION_CALLBACK_KINDS];
    struct pinion_histogram turns;
    uint64_t turn_ended; /* ns; 0: no turn has ended */
    uint64_t idle_ns;    /* of the loop, when that turn ended */
};

/* Give each shard a meter, before any thread runs. It may be called again. PINION_ENOMEM. */
int pinion__meters_add(struct pinion_hub *hub);

/* The word that the metrics use: "handle_in". */
const char *pinion__callback_kind_name(enum pinion_callback_kind kind);

/* A turn of the loop ends, which has waited for so long since it began. Thread: the loop's. */
void pinion__meter_turn(struct pinion_meter *meter, uint64_t idle_ns);

#endif
