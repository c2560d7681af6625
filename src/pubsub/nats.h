/* The adapter for NATS, if the build has it. */
#ifndef PINION_PUBSUB_NATS_H
#define PINION_PUBSUB_NATS_H

#include <pinion/pubsub.h>

/* Make the adapter of a URL nats://… or tls://…. PINION_EINVAL, with pinion_error_detail(); PINION_ENOMEM. */
int pinion__nats_open(const char *url, pinion_pubsub_adapter **out);

#endif
