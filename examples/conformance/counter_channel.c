/* counter:NAME: a number that all clients of the node share. An actor of that name has it, on one of the
 * loops, and ends soon after its last channel has ended. */
#include "conformance.h"
#include <stdlib.h>
#include <string.h>

/* ---- the actor ---- */

struct counter {
    json_int_t total;
};

static pinion_payload *total_of(const struct counter *counter)
{
    return pinion_json("{s:I}", "total", counter->total);
}

static pinion_result joined(pinion_actor *actor, const pinion_call *call)
{
    if (pinion_actor_monitor(actor, pinion_call_from(call), NULL) != 0)
        return pinion_crash();
    return pinion_ok(total_of(pinion_actor_state(actor)));
}

static pinion_result add(pinion_actor *actor, const pinion_payload *payload)
{
    struct counter *counter = pinion_actor_state(actor);
    json_t *n = pinion_payload_get(payload, "n");
    if (!json_is_integer(n))
        return pinion_error(pinion_json("{s:s}", "reason", "no number"));
    counter->total += json_integer_value(n);
    pinion_endpoint_broadcast(pinion_actor_endpoint(actor), pinion_actor_name(actor), "total",
                              total_of(counter));
    return pinion_ok(total_of(counter));
}

static pinion_result handle_call(pinion_actor *actor, pinion_call *call, const char *name,
                                 const pinion_payload *payload)
{
    return strcmp(name, "join") == 0 ? joined(actor, call) : add(actor, payload);
}

/* A channel has ended. Who is left does not matter: without any the actor is idle. */
static pinion_result handle_info(pinion_actor *actor, const pinion_info *info)
{
    return pinion_noreply();
}

static const pinion_actor_def counter_def = {
    .handle_call = handle_call,
    .handle_info = handle_info,
    .idle_ms = 200,
};

/* ---- the channel ---- */

static void free_ref(void *state)
{
    pinion_actor_ref_free(state);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_actor_ref *counter = NULL;
    struct counter *fresh = calloc(1, sizeof *fresh);
    if (!fresh ||
        pinion_actor_open(pinion_channel_endpoint(channel), topic, &counter_def, fresh, free, &counter) != 0)
        return pinion_crash();
    pinion_channel_set_state(channel, counter, free_ref);
    return pinion_actor_later(channel, counter, "join", NULL, 0);
}

static pinion_result ask(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_actor_later(channel, pinion_channel_state(channel), event, pinion_payload_ref(payload), 0);
}

const pinion_channel_def conformance_counter_channel = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "add", ask }),
};
