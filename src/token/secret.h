/* The secret of an endpoint, from which the keys of its tokens are derived.
 *
 * Every endpoint has one, made of random bytes when it is created: good for what this endpoint alone reads
 * back (the tokens of long polling), and in the test kit for everything. An endpoint that serves others is
 * configured after that: with the secret that it is told, or to have none for tokens that outlive it.
 */
#ifndef PINION_TOKEN_SECRET_H
#define PINION_TOKEN_SECRET_H

#include "base/slice.h"

#define PINION_SECRET_MIN 64 /* bytes of a secret key base, as Plug requires */

struct pinion_secret {
    char *bytes; /* terminated, though random ones may hold anything */
    size_t len;
    bool missing; /* nobody said what it should be: not for tokens that outlive the endpoint */
};

/* A random one. PINION_ENOMEM; PINION_EIO: the system gives no random bytes. */
int pinion__secret_init(struct pinion_secret *secret);

/* From the option, or where that is NULL from PINION_SECRET_KEY_BASE in the environment, or else missing.
 * PINION_EINVAL: too short; PINION_ENOMEM. */
int pinion__secret_configure(struct pinion_secret *secret, const char *option);

/* Clear and free it, and the keys derived from it. */
void pinion__secret_release(struct pinion_secret *secret);

#endif
