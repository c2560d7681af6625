/* A connection to a nats-server, in a time that is bounded. */
#ifndef PINION_PUBSUB_NATS_CONNECT_H
#define PINION_PUBSUB_NATS_CONNECT_H

#include "pubsub/broker_url.h"
#include <nats/nats.h>

/* As natsConnection_Connect, which before libnats 3.8 waits for ever, and takes ever more memory, where the
 * server sends its first line and then nothing; it does so too where the server does not go on with TLS.
 * After twice PINION_BROKER_PATIENCE_MS it is cut short: NATS_TIMEOUT. */
natsStatus pinion__nats_connect(natsConnection **out, natsOptions *options,
                                const struct pinion_broker_url *url);

#endif
