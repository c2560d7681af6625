/* A channel whose client shouts to all on the topic by a broadcast that each one intercepts, and passes on:
 * it reaches them after the callback that caused it. */
#ifndef TESTS_HELPERS_SHOUT_H
#define TESTS_HELPERS_SHOUT_H

#include <pinion/pinion.h>

static inline pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "shouted", pinion_payload_ref(payload));
    return pinion_noreply();
}

static inline pinion_result pass_on(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

#endif
