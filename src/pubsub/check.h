/* The checkers of this folder (see base/check.h). */
#ifndef PINION_PUBSUB_CHECK_H
#define PINION_PUBSUB_CHECK_H

#include "base/check.h"
#include "pubsub/pubsub.h"

#ifdef PINION_CHECKS

const char *pinion__registry_check(const struct pinion_registry *registry);

/* Checks the interest table of all loops. It locks each stripe meanwhile. */
const char *pinion__interest_check(struct pinion_interest *interest);

/* Checks a loop's part, and that the interest table agrees with it. */
const char *pinion__pubsub_loop_check(struct pinion_pubsub *pubsub, const struct pinion_pubsub_loop *loop);

#endif

#endif
