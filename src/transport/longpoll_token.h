/* The token of a long-polling session: where it lives, and its name, signed. Clients send it back as it is.
 */
#ifndef PINION_TRANSPORT_LONGPOLL_TOKEN_H
#define PINION_TRANSPORT_LONGPOLL_TOKEN_H

#include "base/slice.h"
#include "transport/longpoll.h"

#define PINION_LONGPOLL_KEY_LEN   32
#define PINION_LONGPOLL_TOKEN_MAX 80 /* with its terminator */

/* The session of this id on the loop of this index. PINION_EIO. */
int pinion__longpoll_token_make(const unsigned char *key, unsigned loop, const unsigned char *id,
                                char token[PINION_LONGPOLL_TOKEN_MAX]);

/* False: not signed with this key. */
bool pinion__longpoll_token_read(const unsigned char *key, struct pinion_slice token, unsigned *loop,
                                 unsigned char *id);

#endif
