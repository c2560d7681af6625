/* The keys of tokens, derived from a secret and a salt by PBKDF2, as Plug.Crypto.KeyGenerator does.
 *
 * Deriving a key takes a thousand times as long as using it, and programs use few salts. So the process keeps
 * the last PINION_TOKEN_KEYS keys, each under a digest of what it was derived from. */
#ifndef PINION_TOKEN_KEY_H
#define PINION_TOKEN_KEY_H

#include "base/slice.h"
#include <pinion/token.h>

#define PINION_TOKEN_KEYS    64
#define PINION_TOKEN_KEY_MAX 128 /* bytes */

struct pinion_token_key_params {
    uint32_t iterations;
    uint32_t length;
    pinion_token_digest digest;
};

struct pinion_token_key {
    unsigned char bytes[PINION_TOKEN_KEY_MAX];
    size_t len;
};

/* Derive the key. The caller must clear *key after use. Thread: any. PINION_EINVAL: a parameter is not
 * possible; PINION_ENOMEM. */
int pinion__token_key(struct pinion_slice secret, struct pinion_slice salt,
                      const struct pinion_token_key_params *params, struct pinion_token_key *key);

/* Clear all kept keys. Thread: any. */
void pinion__token_keys_forget(void);

#endif
