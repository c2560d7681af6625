/* The fan-out: one broadcast goes to the subscribers on one loop.
 *
 * The frame is encoded once for each pair of serializer and transport in use, and each client's queue gets a
 * reference to it. The topic's entries hold all that this needs; no channel and no socket is touched. If a
 * channel intercepts the event, its handle_out is called instead, after the current callback. One task calls
 * all of them.
 *
 * A broadcast may name the changes that it tells of (pubsub/versions.h). Then each channel is looked at. If
 * its client knows some of the changes already, it is set aside and gets the rest, which is encoded once for
 * all clients that know the same. */
#ifndef PINION_ENGINE_FANOUT_H
#define PINION_ENGINE_FANOUT_H

#include "pubsub/pubsub.h"

/* The context is the shard. */
pinion_deliver_fn pinion__fanout;

#endif
