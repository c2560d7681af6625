/* Short tokens for the library itself: bytes that come back as they were given out (the session of a long
 * poll). Signed with the endpoint's secret, whatever it is; they do not expire. */
#ifndef PINION_ENGINE_TOKEN_H
#define PINION_ENGINE_TOKEN_H

#include "base/buf.h"
#include "base/slice.h"
#include <pinion/token.h>

struct pinion_hub;

/* Append the token, text without a dot too many for a URL, to out. The first use of a salt derives its key
 * (half a millisecond), the others cost a few microseconds. Thread: any.
 * PINION_ETOOBIG: over the buffer's cap; PINION_ENOMEM. */
int pinion__token_sign_bytes(const struct pinion_hub *hub, const char *salt, struct pinion_slice bytes,
                             struct pinion_buf *out);

/* Append the bytes of a token to out. Thread: any.
 * PINION_ETOKENINVALID: it was not signed so; PINION_ETOOBIG: over the buffer's cap; PINION_ENOMEM. */
int pinion__token_verify_bytes(const struct pinion_hub *hub, const char *salt, struct pinion_slice token,
                               struct pinion_buf *out);

#endif
