/* Short tokens for the library itself: it gives bytes to a client, and knows them when they come back (the
 * session of long polling). They are signed with the endpoint's secret, also if it is a random one. They do
 * not expire. */
#ifndef PINION_ENGINE_TOKEN_H
#define PINION_ENGINE_TOKEN_H

#include "base/buf.h"
#include "base/slice.h"
#include <pinion/token.h>

struct pinion_hub;

/* Append a token for these bytes to out. It is text that fits into a URL. The first use of a salt derives its
 * key, which takes half a millisecond; later ones take a few microseconds. Thread: any. PINION_ETOOBIG: over
 * the buffer's cap; PINION_ENOMEM. */
int pinion__token_sign_bytes(const struct pinion_hub *hub, const char *salt, struct pinion_slice bytes,
                             struct pinion_buf *out);

/* Append the bytes of a token to out. Thread: any. PINION_ETOKENINVALID: it was not signed with this secret
 * and salt; PINION_ETOOBIG: over the buffer's cap; PINION_ENOMEM. */
int pinion__token_verify_bytes(const struct pinion_hub *hub, const char *salt, struct pinion_slice token,
                               struct pinion_buf *out);

#endif
