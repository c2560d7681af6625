#include "engine/meter.h"
#include "base/clock.h"
#include "engine/hub.h"
#include <stdlib.h>

static const char *const names[] = {
    [PINION_CALLBACK_OTHER] = "other",
    [PINION_CALLBACK_CONNECT] = "connect",
    [PINION_CALLBACK_JOIN] = "join",
    [PINION_CALLBACK_HANDLE_IN] = "handle_in",
    [PINION_CALLBACK_HANDLE_OUT] = "handle_out",
    [PINION_CALLBACK_HANDLE_INFO] = "handle_info",
    [PINION_CALLBACK_TERMINATE] = "terminate",
    [PINION_CALLBACK_ACTOR] = "actor",
    [PINION_CALLBACK_HTTP] = "http",
    [PINION_CALLBACK_TELEMETRY] = "telemetry",
};

const char *pinion__callback_kind_name(enum pinion_callback_kind kind)
{
    return names[kind];
}

int pinion__meters_add(struct pinion_hub *hub)
{
    for (unsigned i = 0; i < hub->shard_count; i++) {
        struct pinion_shard *shard = hub->shards[i];
        if (!shard->meter && !(shard->meter = calloc(1, sizeof *shard->meter)))
            return PINION_ENOMEM;
    }
    return 0;
}

/* What went by since the last turn's end, without the waiting: an event that came at its beginning was
 * answered at its end. */
void pinion__meter_turn(struct pinion_meter *meter, uint64_t idle_ns)
{
    uint64_t now = pinion__clock_ns(), gone = now - meter->turn_ended, idle = idle_ns - meter->idle_ns;
    if (meter->turn_ended > 0)
        pinion__histogram_note(&meter->turns, gone > idle ? gone - idle : 0);
    meter->turn_ended = now;
    meter->idle_ns = idle_ns;
}
