#ifndef CHAT_ONLINE_CHANNEL_H
#define CHAT_ONLINE_CHANNEL_H

#include <pinion/pinion.h>

/* online:lobby: who is in the chat. Its members are tracked under their names, so that a user with two tabs
 * is there once. The channel's context is a struct chat. */
extern const pinion_channel_def online_channel;

#endif
