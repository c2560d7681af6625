/* The token of a session of long polling. It says where the session lives (a loop, and a node if there are
 * others) and its id, and is signed with the endpoint's secret. Clients send it back unchanged. */
#ifndef PINION_TRANSPORT_LONGPOLL_TOKEN_H
#define PINION_TRANSPORT_LONGPOLL_TOKEN_H

#include "base/slice.h"
#include "engine/hub.h"
#include "transport/longpoll_seats.h"

#define PINION_LONGPOLL_TOKEN_MAX 512 /* with its terminator */

/* What a token says. */
struct pinion_longpoll_place {
    unsigned loop;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
    char node[256]; /* "": the only node, which has no name */
};

/* Make a token for the session of this id, on the loop of this index. PINION_ENOMEM, PINION_EIO. */
int pinion__longpoll_token_make(const struct pinion_hub *hub, unsigned loop, const unsigned char *id,
                                char token[PINION_LONGPOLL_TOKEN_MAX]);

/* Read a token. False: it is not signed with this secret. */
bool pinion__longpoll_token_read(const struct pinion_hub *hub, struct pinion_slice token,
                                 struct pinion_longpoll_place *place);

#endif
