/* Tokens: data that a client can carry, but cannot forge. They are the same as those of Phoenix.Token: a
 * Phoenix application and a Pinion program with the same secret and salt read each other's tokens.
 *
 *     char *token = NULL;
 *     int rc = pinion_token_sign(endpoint, "user auth", pinion_json("i", 7), NULL, &token);
 *
 *     pinion_payload *user_id = NULL;
 *     if (!rc)
 *         rc = pinion_token_verify(endpoint, "user auth", token, NULL, &user_id);
 *     free(token);
 *
 * Everybody who has a signed token can read it; nobody can read an encrypted one. The salt names what tokens
 * are for ("user auth"): a token that was made with one salt is not valid with another.
 *
 * Data is JSON, or bytes. In Elixir strings and bytes are binaries, objects are maps with strings as keys,
 * arrays are lists, and null is nil. Data from Elixir may also have atoms (here strings, as keys too), tuples
 * and charlists (here arrays). It must not have what JSON cannot express: within other data bytes that are
 * not UTF-8, integers beyond 64 bits, pids, …
 *
 * Thread: any. */
#ifndef PINION_TOKEN_H
#define PINION_TOKEN_H

#include <pinion/endpoint.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The hash with which PBKDF2 makes a key. */
typedef enum pinion_token_digest {
    PINION_TOKEN_SHA256, /* SHA-256 */
    PINION_TOKEN_SHA384, /* SHA-384 */
    PINION_TOKEN_SHA512, /* SHA-512 */
} pinion_token_digest;

/* How a token is made or read. Zero means the default. Strings are borrowed for the call. */
typedef struct pinion_token_options {
    /* A secret in place of the endpoint's. With it, the endpoint may be NULL. At least 20 bytes. Default: the
     * endpoint's. */
    const char *secret_key_base;
    /* How long the token is valid after it was signed. Seconds, or PINION_NEVER: it never expires. Default:
     * to sign and encrypt 86,400 (a day), which is written into the token; to verify and decrypt what the
     * token says. On excess: PINION_ETOKENEXPIRED. */
    uint32_t max_age_s;
    int64_t signed_at; /* To sign and encrypt: when it was signed. Seconds of Unix time. Default: now. */
    bool binary;       /* To verify and decrypt: give data that is a string as a binary payload, even if it is
                          UTF-8. Default: false. */

    /* How the key is made from secret and salt. Both sides must use the same values. */
    uint32_t key_iterations;        /* Rounds of PBKDF2. A number. Default: 1,000. */
    uint32_t key_length;            /* The length of the key. Bytes, up to 128; to encrypt and decrypt only
                                       32. Default: 32. On excess: PINION_EINVAL. */
    pinion_token_digest key_digest; /* The hash of PBKDF2. Default: PINION_TOKEN_SHA256. */
} pinion_token_options;

/* Sign data.
 *
 * Ownership: consumes data, on failure too; NULL means {}. *token is terminated, and the caller's to free().
 *
 * Errors: PINION_EINVAL: an option is not valid, or there is no salt or no secret (pinion_error_detail says
 * how to set one); PINION_EPAYLOAD: the data could not be built, or holds an integer beyond 64 bits;
 * PINION_ETOOBIG: the token would have more than 1 MiB, or the data is nested deeper than 128 levels;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_token_sign_sized(pinion_endpoint *endpoint, const char *salt,
                                                      pinion_payload *data,
                                                      const pinion_token_options *options, char **token,
                                                      size_t size);
static inline PINION_CHECKED int pinion_token_sign(pinion_endpoint *endpoint, const char *salt,
                                                   pinion_payload *data, const pinion_token_options *options,
                                                   char **token)
{
    return pinion_token_sign_sized(endpoint, salt, data, options, token, sizeof(pinion_token_options));
}

/* Verify a signed token, and get its data. A string or bytes become a JSON string if they are UTF-8, else a
 * binary payload; with options->binary always a binary payload. A token is also valid if it was signed later
 * than this machine's clock says, as in Phoenix, since the clocks of nodes differ. pinion_error_detail is for
 * the log: tell a stranger only that the token was refused.
 *
 * Ownership: *data is the caller's, to consume or unref.
 *
 * Errors: PINION_ETOKENMISSING: the token is NULL; PINION_ETOKENINVALID: it was signed with another secret or
 * salt, was changed, or is not a token; PINION_ETOKENEXPIRED: it is older than max_age_s; PINION_EPAYLOAD: it
 * is valid, but a payload cannot hold its data; PINION_EINVAL: an option is not valid, or there is no salt or
 * no secret; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_token_verify_sized(pinion_endpoint *endpoint, const char *salt,
                                                        const char *token,
                                                        const pinion_token_options *options,
                                                        pinion_payload **data, size_t size);
static inline PINION_CHECKED int pinion_token_verify(pinion_endpoint *endpoint, const char *salt,
                                                     const char *token, const pinion_token_options *options,
                                                     pinion_payload **data)
{
    return pinion_token_verify_sized(endpoint, salt, token, options, data, sizeof(pinion_token_options));
}

/* As pinion_token_sign, with encryption (XChaCha20-Poly1305).
 *
 * Ownership: as in pinion_token_sign.
 *
 * Errors: those of pinion_token_sign; PINION_ENOTSUP: this build has no libsodium; PINION_EIO: the system
 * gives no random bytes. */
PINION_API PINION_CHECKED int pinion_token_encrypt_sized(pinion_endpoint *endpoint, const char *salt,
                                                         pinion_payload *data,
                                                         const pinion_token_options *options, char **token,
                                                         size_t size);
static inline PINION_CHECKED int pinion_token_encrypt(pinion_endpoint *endpoint, const char *salt,
                                                      pinion_payload *data,
                                                      const pinion_token_options *options, char **token)
{
    return pinion_token_encrypt_sized(endpoint, salt, data, options, token, sizeof(pinion_token_options));
}

/* As pinion_token_verify, for an encrypted token.
 *
 * Ownership: as in pinion_token_verify.
 *
 * Errors: those of pinion_token_verify; PINION_ENOTSUP: this build has no libsodium. */
PINION_API PINION_CHECKED int pinion_token_decrypt_sized(pinion_endpoint *endpoint, const char *salt,
                                                         const char *token,
                                                         const pinion_token_options *options,
                                                         pinion_payload **data, size_t size);
static inline PINION_CHECKED int pinion_token_decrypt(pinion_endpoint *endpoint, const char *salt,
                                                      const char *token, const pinion_token_options *options,
                                                      pinion_payload **data)
{
    return pinion_token_decrypt_sized(endpoint, salt, token, options, data, sizeof(pinion_token_options));
}

#ifdef __cplusplus
}
#endif
#endif
