/* A kept key is found by HMAC(secret, salt), with the digest that derives it. PBKDF2 uses the secret only in
 * this HMAC, so secrets that are equal for the HMAC are equal for PBKDF2 too. */
#include "token/key.h"
#include "base/lock.h"
#include "base/log.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct key_id {
    struct pinion_token_key_params params;
    unsigned char mac[EVP_MAX_MD_SIZE];
};

static struct {
    struct pinion_lock lock;
    uint64_t uses;
    struct kept_key {
        uint64_t last_use; /* 0: this place is free */
        struct key_id id;
        struct pinion_token_key key;
    } keys[PINION_TOKEN_KEYS];
} kept = { .lock = PINION_LOCK(KEYS) };

/* --- kept keys: the caller holds the lock --- */

static struct kept_key *find(const struct key_id *id)
{
    for (size_t i = 0; i < PINION_TOKEN_KEYS; i++) {
        struct kept_key *key = &kept.keys[i];
        if (key->last_use && memcmp(&key->id, id, sizeof *id) == 0)
            return key;
    }
    return NULL;
}

static struct kept_key *least_recently_used(void)
{
    struct kept_key *least = &kept.keys[0];
    for (size_t i = 1; i < PINION_TOKEN_KEYS; i++) {
        if (kept.keys[i].last_use < least->last_use)
            least = &kept.keys[i];
    }
    return least;
}

/* --- the same, with locking --- */

static bool recall(const struct key_id *id, struct pinion_token_key *key)
{
    pinion__lock(&kept.lock);
    struct kept_key *found = find(id);
    if (found) {
        found->last_use = ++kept.uses;
        *key = found->key;
    }
    pinion__unlock(&kept.lock);
    return found != NULL;
}

/* Another thread may have kept it already. */
static void keep(const struct key_id *id, const struct pinion_token_key *key)
{
    pinion__lock(&kept.lock);
    struct kept_key *place = find(id);
    if (!place)
        place = least_recently_used();
    *place = (struct kept_key){ ++kept.uses, *id, *key };
    pinion__unlock(&kept.lock);
}

void pinion__token_keys_forget(void)
{
    pinion__lock(&kept.lock);
    OPENSSL_cleanse(kept.keys, sizeof kept.keys);
    pinion__unlock(&kept.lock);
}

/* --- deriving --- */

static const EVP_MD *digest_of(pinion_token_digest digest)
{
    switch (digest) {
    case PINION_TOKEN_SHA256:
        return EVP_sha256();
    case PINION_TOKEN_SHA384:
        return EVP_sha384();
    case PINION_TOKEN_SHA512:
        return EVP_sha512();
    }
    return NULL;
}

static int check_params(const struct pinion_token_key_params *params)
{
    if (params->iterations < 1 || params->iterations > INT32_MAX)
        return pinion__fail(PINION_EINVAL, "key_iterations: %u is not possible", params->iterations);
    if (params->length < 1 || params->length > PINION_TOKEN_KEY_MAX)
        return pinion__fail(PINION_EINVAL, "key_length: %u is too long: the limit is %d", params->length,
                            PINION_TOKEN_KEY_MAX);
    if (!digest_of(params->digest))
        return pinion__fail(PINION_EINVAL, "key_digest: there is no digest %d", (int)params->digest);
    return 0;
}

static int derive(struct pinion_slice secret, struct pinion_slice salt,
                  const struct pinion_token_key_params *params, struct pinion_token_key *key)
{
    key->len = params->length;
    int done =
        PKCS5_PBKDF2_HMAC(secret.ptr, (int)secret.len, (const unsigned char *)salt.ptr, (int)salt.len,
                          (int)params->iterations, digest_of(params->digest), (int)key->len, key->bytes);
    return done == 1 ? 0 : PINION_ENOMEM;
}

int pinion__token_key(struct pinion_slice secret, struct pinion_slice salt,
                      const struct pinion_token_key_params *params, struct pinion_token_key *key)
{
    struct key_id id = { .params = *params };
    int rc = check_params(params);
    if (rc)
        return rc;
    if (!HMAC(digest_of(params->digest), secret.ptr, (int)secret.len, (const unsigned char *)salt.ptr,
              salt.len, id.mac, NULL))
        return PINION_ENOMEM;
    if (recall(&id, key))
        return 0;
    rc = derive(secret, salt, params, key);
    if (!rc)
        keep(&id, key);
    return rc;
}
