/* The token of a long-polling session: where it lives (a loop, and the node where there are others), and its
 * name, signed with the endpoint's secret. Clients send it back as it is. */
#ifndef PINION_TRANSPORT_LONGPOLL_TOKEN_H
#define PINION_TRANSPORT_LONGPOLL_TOKEN_H

#include "base/slice.h"
#include "engine/hub.h"
#include "transport/longpoll_seats.h"

#define PINION_LONGPOLL_TOKEN_MAX 512 /* with its terminator */

/* What it says. */
struct pinion_longpoll_place {
    unsigned loop;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
    char node[256]; /* "": one that has no name, since it is alone */
};

/* The session of this id on the loop of this index. PINION_ENOMEM, PINION_EIO. */
int pinion__longpoll_token_make(const struct pinion_hub *hub, unsigned loop, const unsigned char *id,
                                char token[PINION_LONGPOLL_TOKEN_MAX]);

/* False: not signed with this secret. */
bool pinion__longpoll_token_read(const struct pinion_hub *hub, struct pinion_slice token,
                                 struct pinion_longpoll_place *place);

#endif
