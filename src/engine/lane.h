/* Lanes of a subscriber: what it is embedded in, and so how a broadcast is delivered to it. */
#ifndef PINION_ENGINE_LANE_H
#define PINION_ENGINE_LANE_H

enum pinion_lane {
    PINION_LANE_CHANNEL,      /* struct pinion_channel: the client, or its handle_out */
    PINION_LANE_INFO,         /* struct pinion_channel_subscription: handle_info */
    PINION_LANE_SOCKET,       /* struct pinion_socket: "disconnect" */
    PINION_LANE_SUBSCRIPTION, /* struct pinion_subscription: code that is no channel */
};

#endif
