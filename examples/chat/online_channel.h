#ifndef CHAT_ONLINE_CHANNEL_H
#define CHAT_ONLINE_CHANNEL_H

#include <pinion/pinion.h>

/* online:lobby: who is in the chat. Its members are tracked under their names, so that a user with two tabs
 * is there once. */
extern const pinion_channel_def online_channel;

/* What it needs of the endpoint, before that runs. Errors as pinion_presence_new. */
int online_presence(pinion_endpoint *endpoint);

#endif
