/* The checkers of this layer (base/check.h). */
#ifndef PINION_PUBSUB_CHECK_H
#define PINION_PUBSUB_CHECK_H

#include "base/check.h"
#include "pubsub/pubsub.h"

#ifdef PINION_CHECKS

const char *pinion__registry_check(const struct pinion_registry *registry);

/* Of all loops; each stripe is locked meanwhile. */
const char *pinion__interest_check(struct pinion_interest *interest);

/* A loop's part, and that the interest table agrees with it. */
const char *pinion__pubsub_loop_check(struct pinion_pubsub *pubsub, const struct pinion_pubsub_loop *loop);

#endif

#endif
