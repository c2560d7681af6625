/* The lane of a subscriber says which struct it is a member of, and so how a broadcast is delivered to it. */
#ifndef PINION_ENGINE_LANE_H
#define PINION_ENGINE_LANE_H

enum pinion_lane {
    PINION_LANE_CHANNEL,      /* struct pinion_channel: its client gets it, or its handle_out */
    PINION_LANE_INFO,         /* struct pinion_channel_subscription: handle_info gets it */
    PINION_LANE_SOCKET,       /* struct pinion_socket: "disconnect" closes it */
    PINION_LANE_SUBSCRIPTION, /* struct pinion_subscription: a function of the application gets it */
};

#endif
