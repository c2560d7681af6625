#ifndef CHAT_ROOM_CHANNEL_H
#define CHAT_ROOM_CHANNEL_H

#include <pinion/pinion.h>

/* rooms:lobby is open to everybody. There is no other room. */
extern const pinion_channel_def room_channel;

#endif
