#ifndef CHAT_H
#define CHAT_H

#include <pinion/pinion.h>

/* What all users of the chat share. It is the endpoint's context. */
struct chat {
    pinion_presence *presence; /* who is online */
};

#endif
