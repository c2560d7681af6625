/* Delivering one broadcast to the subscribers on one loop.
 *
 * The fast lane: the frame is encoded once for each pair of serializer and transport in use, and each
 * client's queue gets a reference. All that takes stands in the topic's entries; neither the channel nor its
 * socket is touched. A channel that intercepts the event gets its handle_out called
 * instead, after the current callback; all of them in one task.
 *
 * A broadcast that says of which changes it tells (pubsub/versions.h) is looked at channel by channel: those
 * whose clients know of some already are set aside, and get what is left, encoded once for all that know the
 * same.
 */
#ifndef PINION_ENGINE_FANOUT_H
#define PINION_ENGINE_FANOUT_H

#include "pubsub/pubsub.h"

/* The context is the shard. */
pinion_deliver_fn pinion__fanout;

#endif
