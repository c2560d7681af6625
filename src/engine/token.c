/* The public functions: they find the secret, the key and the time. src/token does the rest. */
#include "engine/token.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "engine/hub.h"
#include "proto/payload.h"
#include "token/content.h"
#include "token/encryptor.h"
#include "token/key.h"
#include "token/verifier.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <time.h>

#define DEFAULT_ITERATIONS 1000
#define DEFAULT_LENGTH     32
#define GIVEN_SECRET_MIN   20 /* bytes, as Phoenix.Token requires */

/* What is needed to make or read one token. */
struct terms {
    pinion_token_options options; /* with the defaults */
    struct pinion_token_key key;
};

/* ---- secret and key ---- */

static int given_secret(const char *text, struct pinion_slice *secret)
{
    *secret = pinion__slice_str(text);
    if (secret->len >= GIVEN_SECRET_MIN)
        return 0;
    return pinion__fail(PINION_EINVAL, "secret_key_base: %zu bytes are too few, at least %d", secret->len,
                        GIVEN_SECRET_MIN);
}

static int find_secret(const struct pinion_hub *hub, const pinion_token_options *options,
                       struct pinion_slice *secret)
{
    if (options->secret_key_base)
        return given_secret(options->secret_key_base, secret);
    if (!hub)
        return pinion__fail(PINION_EINVAL, "a token needs an endpoint, or a secret_key_base in its options");
    if (hub->secret.missing)
        return pinion__fail(PINION_EINVAL,
                            "tokens need a secret: put one of %d bytes or more (`openssl rand -base64 48` "
                            "prints one) into secret_key_base of pinion_endpoint_options, or into "
                            "PINION_SECRET_KEY_BASE in the environment",
                            PINION_SECRET_MIN);
    *secret = pinion__slice(hub->secret.bytes, hub->secret.len);
    return 0;
}

static int check_signed_at(const pinion_token_options *options)
{
    if (options->signed_at >= 0 && options->signed_at <= INT64_MAX / 1000)
        return 0;
    return pinion__fail(PINION_EINVAL, "signed_at: %lld is not a time", (long long)options->signed_at);
}

static int begin(struct terms *terms, const struct pinion_hub *hub, const char *salt,
                 const pinion_token_options *options, size_t size)
{
    struct pinion_slice secret = { 0 };
    int rc = PINION_TAKE(pinion_token_options, &terms->options, options, size);
    if (rc)
        return rc;
    if (!salt)
        return pinion__fail(PINION_EINVAL, "salt: a token needs one, but it is NULL");
    if (terms->options.key_iterations == 0)
        terms->options.key_iterations = DEFAULT_ITERATIONS;
    if (terms->options.key_length == 0)
        terms->options.key_length = DEFAULT_LENGTH;
    const struct pinion_token_key_params params = { terms->options.key_iterations, terms->options.key_length,
                                                    terms->options.key_digest };
    rc = check_signed_at(&terms->options);
    if (!rc)
        rc = find_secret(hub, &terms->options, &secret);
    return rc ? rc : pinion__token_key(secret, pinion__slice_str(salt), &params, &terms->key);
}

static void end(struct terms *terms)
{
    OPENSSL_cleanse(&terms->key, sizeof terms->key);
}

static struct pinion_slice key_of(const struct terms *terms)
{
    return pinion__slice((const char *)terms->key.bytes, terms->key.len);
}

/* Clears the buffer too, since it may hold secrets. */
static void release(struct pinion_buf *buf)
{
    if (buf->data)
        OPENSSL_cleanse(buf->data, buf->cap);
    pinion__buf_release(buf);
}

/* ---- making tokens ---- */

typedef int seal_fn(const struct terms *terms, struct pinion_slice content, struct pinion_buf *token);

static int sign(const struct terms *terms, struct pinion_slice content, struct pinion_buf *token)
{
    return pinion__verifier_sign(key_of(terms), content, token);
}

static int check_encryption_key(const struct terms *terms)
{
    if (terms->key.len == PINION_ENCRYPTOR_KEY)
        return 0;
    return pinion__fail(PINION_EINVAL, "key_length: encryption takes a key of %d bytes, not of %zu",
                        PINION_ENCRYPTOR_KEY, terms->key.len);
}

static int encrypt(const struct terms *terms, struct pinion_slice content, struct pinion_buf *token)
{
    unsigned char nonce[PINION_ENCRYPTOR_NONCE];
    int rc = check_encryption_key(terms);
    if (rc)
        return rc;
    if (RAND_bytes(nonce, sizeof nonce) != 1)
        return pinion__fail(PINION_EIO, "the system gives no random bytes");
    return pinion__encryptor_encrypt(terms->key.bytes, nonce, content, token);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int write_content(const struct terms *terms, const pinion_payload *data, struct pinion_buf *content)
{
    int64_t signed_at = terms->options.signed_at ? terms->options.signed_at * 1000 : now_ms();
    int64_t max_age = terms->options.max_age_s ? terms->options.max_age_s : PINION_AGE_DEFAULT;
    if (terms->options.max_age_s == PINION_NEVER)
        max_age = PINION_AGE_INFINITY;
    return pinion__token_content_write(content, data, signed_at, max_age);
}

static int make(const struct terms *terms, const pinion_payload *data, seal_fn *seal, char **token)
{
    struct pinion_buf content, text;
    pinion__buf_init(&content, PINION_TOKEN_MAX);
    pinion__buf_init(&text, PINION_TOKEN_MAX + 1); /* and a terminator */
    int rc = write_content(terms, data, &content);
    if (!rc)
        rc = seal(terms, pinion__slice(content.data, content.len), &text);
    if (!rc)
        rc = pinion__buf_append_char(&text, '\0');
    release(&content);
    if (rc)
        pinion__buf_release(&text);
    else
        *token = text.data;
    return rc == PINION_ETOOBIG ? pinion__fail(rc, "the data is too large or too deep for a token") : rc;
}

static int make_token(const struct pinion_hub *hub, const char *salt, pinion_payload *data,
                      const pinion_token_options *options, size_t size, seal_fn *seal, char **token)
{
    struct terms terms;
    int rc = begin(&terms, hub, salt, options, size);
    if (!rc) {
        rc = make(&terms, data, seal, token);
        end(&terms);
    }
    pinion_payload_unref(data);
    return rc;
}

int pinion_token_sign_sized(pinion_endpoint *endpoint, const char *salt, pinion_payload *data,
                            const pinion_token_options *options, char **token, size_t size)
{
    PINION_CONSUMES(data);
    PINION_NEED(token, return pinion__payload_lost(data));
    PINION_RETURN(make_token(pinion__hub_of(endpoint), salt, data, options, size, sign, token));
}

int pinion_token_encrypt_sized(pinion_endpoint *endpoint, const char *salt, pinion_payload *data,
                               const pinion_token_options *options, char **token, size_t size)
{
    PINION_CONSUMES(data);
    PINION_NEED(token, return pinion__payload_lost(data));
    PINION_RETURN(make_token(pinion__hub_of(endpoint), salt, data, options, size, encrypt, token));
}

/* ---- reading them ---- */

typedef int open_fn(const struct terms *terms, struct pinion_slice token, struct pinion_buf *content);

static int verify(const struct terms *terms, struct pinion_slice token, struct pinion_buf *content)
{
    return pinion__verifier_verify(key_of(terms), token, content);
}

static int decrypt(const struct terms *terms, struct pinion_slice token, struct pinion_buf *content)
{
    int rc = check_encryption_key(terms);
    return rc ? rc : pinion__encryptor_decrypt(terms->key.bytes, token, content);
}

static int read_content(const struct terms *terms, struct pinion_slice content, pinion_payload **data)
{
    struct pinion_token_reading reading = {
        .now_ms = now_ms(),
        .max_age_s = terms->options.max_age_s,
        .binary = terms->options.binary,
    };
    if (terms->options.max_age_s == PINION_NEVER)
        reading.max_age_s = PINION_AGE_INFINITY;
    return pinion__token_content_read(content, &reading, data);
}

static int read(const struct terms *terms, const char *token, open_fn *open, pinion_payload **data)
{
    struct pinion_buf content;
    pinion__buf_init(&content, PINION_TOKEN_MAX);
    int rc = open(terms, pinion__slice_str(token), &content);
    if (!rc)
        rc = read_content(terms, pinion__slice(content.data, content.len), data);
    release(&content);
    return rc;
}

static int read_token(const struct pinion_hub *hub, const char *salt, const char *token,
                      const pinion_token_options *options, size_t size, open_fn *open, pinion_payload **data)
{
    struct terms terms;
    if (!token)
        return pinion__fail(PINION_ETOKENMISSING, "token: it is NULL");
    int rc = begin(&terms, hub, salt, options, size);
    if (!rc) {
        rc = read(&terms, token, open, data);
        end(&terms);
    }
    return rc;
}

int pinion_token_verify_sized(pinion_endpoint *endpoint, const char *salt, const char *token,
                              const pinion_token_options *options, pinion_payload **data, size_t size)
{
    PINION_NEEDED(data);
    PINION_RETURN(read_token(pinion__hub_of(endpoint), salt, token, options, size, verify, data));
}

int pinion_token_decrypt_sized(pinion_endpoint *endpoint, const char *salt, const char *token,
                               const pinion_token_options *options, pinion_payload **data, size_t size)
{
    PINION_NEEDED(data);
    PINION_RETURN(read_token(pinion__hub_of(endpoint), salt, token, options, size, decrypt, data));
}

/* ---- the library's own ---- */

static int own_key(const struct pinion_hub *hub, const char *salt, struct pinion_token_key *key)
{
    const struct pinion_token_key_params params = { DEFAULT_ITERATIONS, DEFAULT_LENGTH, PINION_TOKEN_SHA256 };
    struct pinion_slice secret = pinion__slice(hub->secret.bytes, hub->secret.len);
    return pinion__token_key(secret, pinion__slice_str(salt), &params, key);
}

int pinion__token_sign_bytes(const struct pinion_hub *hub, const char *salt, struct pinion_slice bytes,
                             struct pinion_buf *out)
{
    struct pinion_token_key key;
    int rc = own_key(hub, salt, &key);
    if (rc)
        return rc;
    rc = pinion__verifier_sign(pinion__slice((char *)key.bytes, key.len), bytes, out);
    OPENSSL_cleanse(&key, sizeof key);
    return rc;
}

int pinion__token_verify_bytes(const struct pinion_hub *hub, const char *salt, struct pinion_slice token,
                               struct pinion_buf *out)
{
    struct pinion_token_key key;
    int rc = own_key(hub, salt, &key);
    if (rc)
        return rc;
    rc = pinion__verifier_verify(pinion__slice((char *)key.bytes, key.len), token, out);
    OPENSSL_cleanse(&key, sizeof key);
    return rc;
}
