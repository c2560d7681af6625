/* Connects to a nats-server, in a limited time. */
#ifndef PINION_PUBSUB_NATS_CONNECT_H
#define PINION_PUBSUB_NATS_CONNECT_H

#include "pubsub/broker_url.h"
#include <nats/nats.h>

/* Like natsConnection_Connect. Before libnats 3.8, that function waits for ever and takes more and more
 * memory if the server sends its first line and then nothing, or does not go on with TLS. This one gives up
 * after twice PINION_BROKER_PATIENCE_MS: NATS_TIMEOUT. */
natsStatus pinion__nats_connect(natsConnection **out, natsOptions *options,
                                const struct pinion_broker_url *url);

#endif
