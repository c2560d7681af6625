#ifndef CHAT_ROOM_CHANNEL_H
#define CHAT_ROOM_CHANNEL_H

#include <pinion/pinion.h>

/* rooms:lobby is open to everybody, any other room to nobody. */
extern const pinion_channel_def room_channel;

#endif
