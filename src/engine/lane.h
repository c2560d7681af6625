/* The lane of a subscriber says which struct it is a member of, and so how a broadcast is delivered to it. */
#ifndef PINION_ENGINE_LANE_H
#define PINION_ENGINE_LANE_H

#include "pubsub/pubsub.h"

enum pinion_lane {
    PINION_LANE_CHANNEL,      /* struct pinion_channel: its client gets it, or its handle_out */
    PINION_LANE_INFO,         /* struct pinion_channel_subscription: handle_info gets it */
    PINION_LANE_SOCKET,       /* struct pinion_socket: "disconnect" closes it */
    PINION_LANE_SUBSCRIPTION, /* struct pinion_subscription: a function of the application gets it */
    PINION_LANE_RECEIVER,     /* struct pinion_receiver: a layer above the engine gets it */
};

/* A subscriber of a layer above the engine. */
struct pinion_receiver {
    struct pinion_subscriber subscriber; /* its lane is PINION_LANE_RECEIVER */

    /* Take a broadcast, which the caller keeps its reference of. Called during a fan-out: nothing may be
     * subscribed, and no callback of the application may run before it returns. An error: the broadcast is
     * dropped, and counted. */
    int (*deliver)(struct pinion_receiver *receiver, struct pinion_broadcast *broadcast);
};

#endif
