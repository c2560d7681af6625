/* Checks all that a loop has (base/check.h). In builds with checks every loop does it from time to time, also
 * in the servers that the tests and the soak run. */
#ifndef PINION_ENDPOINT_CHECK_H
#define PINION_ENDPOINT_CHECK_H

#include "base/check.h"
#include "endpoint/endpoint.h"

#ifdef PINION_CHECKS

/* Check it now: between two turns of the loop, or at the end of one. Thread: the loop's. */
const char *pinion__endpoint_loop_check(struct pinion_endpoint_loop *loop);

/* To be called at the end of each turn. It checks only now and then, so that it costs a small part of the
 * turns. */
void pinion__endpoint_loop_watch(struct pinion_endpoint_loop *loop);

#else

static inline void pinion__endpoint_loop_watch(struct pinion_endpoint_loop *loop)
{
}

#endif

#endif
