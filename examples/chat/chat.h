#ifndef CHAT_H
#define CHAT_H

#include <pinion/pinion.h>

/* What the chat has for all of its users: the endpoint's context. */
struct chat {
    pinion_presence *presence; /* who is online */
};

#endif
