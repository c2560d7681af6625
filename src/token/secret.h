/* The secret of an endpoint, from which the keys of its tokens are derived.
 *
 * Every endpoint is created with a secret of random bytes. This is enough for tokens that only this endpoint
 * reads back (those of long polling), and for everything in the test kit. An endpoint that serves others is
 * configured afterwards: with the secret it is given, or as having none for tokens that outlive it. */
#ifndef PINION_TOKEN_SECRET_H
#define PINION_TOKEN_SECRET_H

#include "base/slice.h"

#define PINION_SECRET_MIN 64 /* bytes of a secret key base; Plug requires the same */

struct pinion_secret {
    char *bytes; /* terminated; random bytes may include zeros */
    size_t len;
    bool missing; /* no secret was given: it must not be used for tokens that outlive the endpoint */
};

/* Make a random secret. PINION_ENOMEM; PINION_EIO: no random bytes. */
int pinion__secret_init(struct pinion_secret *secret);

/* Take the secret from the option; if that is NULL, from PINION_SECRET_KEY_BASE in the environment; otherwise
 * it is missing. PINION_EINVAL: too short; PINION_ENOMEM. */
int pinion__secret_configure(struct pinion_secret *secret, const char *option);

/* If no secret was given, use these random bytes, PINION_SECRET_MIN of them, in place of its own: then
 * processes that share them read each other's tokens. PINION_ENOMEM. */
int pinion__secret_share(struct pinion_secret *secret, struct pinion_slice bytes);

/* Clear and free it, and the keys derived from it. */
void pinion__secret_release(struct pinion_secret *secret);

#endif
