/* The adapter for Redis, if the build has it. */
#ifndef PINION_PUBSUB_REDIS_H
#define PINION_PUBSUB_REDIS_H

#include <pinion/pubsub.h>

/* Make the adapter of a URL redis://… or rediss://…. PINION_EINVAL, with pinion_error_detail();
 * PINION_ENOMEM. */
int pinion__redis_open(const char *url, pinion_pubsub_adapter **out);

#endif
