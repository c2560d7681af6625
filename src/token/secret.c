#include "token/secret.h"
#include "base/log.h"
#include "token/key.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define VARIABLE "PINION_SECRET_KEY_BASE"

/* Takes ownership of the bytes. */
static void replace(struct pinion_secret *secret, char *bytes, size_t len)
{
    if (secret->bytes)
        OPENSSL_cleanse(secret->bytes, secret->len);
    free(secret->bytes);
    secret->bytes = bytes;
    secret->len = len;
}

int pinion__secret_init(struct pinion_secret *secret)
{
    *secret = (struct pinion_secret){ 0 };
    char *bytes = calloc(1, PINION_SECRET_MIN + 1);
    if (!bytes)
        return PINION_ENOMEM;
    replace(secret, bytes, PINION_SECRET_MIN);
    if (RAND_priv_bytes((unsigned char *)bytes, PINION_SECRET_MIN) == 1)
        return 0;
    pinion__secret_release(secret);
    return pinion__fail(PINION_EIO, "the system gives no random bytes");
}

static int use(struct pinion_secret *secret, const char *text, const char *origin)
{
    size_t len = strlen(text);
    if (len < PINION_SECRET_MIN)
        return pinion__fail(PINION_EINVAL,
                            "%s: %zu bytes are too few for a secret: it needs at least %d; "
                            "`openssl rand -base64 48` prints a good one",
                            origin, len, PINION_SECRET_MIN);
    char *copy = strdup(text);
    if (!copy)
        return PINION_ENOMEM;
    replace(secret, copy, len);
    secret->missing = false;
    return 0;
}

int pinion__secret_configure(struct pinion_secret *secret, const char *option)
{
    const char *variable = getenv(VARIABLE);
    if (option)
        return use(secret, option, "secret_key_base");
    if (variable && *variable)
        return use(secret, variable, VARIABLE);
    secret->missing = true;
    return 0;
}

int pinion__secret_share(struct pinion_secret *secret, struct pinion_slice bytes)
{
    if (!secret->missing)
        return 0;
    char *copy = calloc(1, bytes.len + 1);
    if (!copy)
        return PINION_ENOMEM;
    memcpy(copy, bytes.ptr, bytes.len);
    replace(secret, copy, bytes.len);
    return 0;
}

void pinion__secret_release(struct pinion_secret *secret)
{
    replace(secret, NULL, 0);
    pinion__token_keys_forget();
}
