#ifndef CHAT_ONLINE_CHANNEL_H
#define CHAT_ONLINE_CHANNEL_H

#include <pinion/pinion.h>

/* online:lobby says who is in the chat. Members are tracked under their names, so that a user with two tabs
 * is listed once. The channel's context is a struct chat. */
extern const pinion_channel_def online_channel;

#endif
