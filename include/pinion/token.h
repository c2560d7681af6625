/* Tokens: data that a client can carry and cannot forge. Those of Phoenix.Token, in both directions: a
 * Phoenix application and a Pinion program that share secret and salt read each other's.
 *
 *     char *token = NULL;
 *     int rc = pinion_token_sign(endpoint, "user auth", pinion_json("i", 7), NULL, &token);
 *
 *     pinion_payload *user_id = NULL;
 *     if (!rc)
 *         rc = pinion_token_verify(endpoint, "user auth", token, NULL, &user_id);
 *     free(token);
 *
 * A signed token can be read by whoever holds it, an encrypted one cannot. The salt names what the tokens are
 * for ("user auth"): those made with one salt are not valid with another.
 *
 * Data is JSON, or bytes. On the Elixir side strings and bytes are binaries, objects are maps with strings
 * for keys, arrays are lists, null is nil. What comes from there may also hold atoms (strings here; as keys,
 * too), tuples and charlists (arrays here). It may not hold what JSON has no place for: bytes that are no
 * UTF-8 within other data, integers beyond 64 bits, pids, …
 *
 * Thread: any.
 */
#ifndef PINION_TOKEN_H
#define PINION_TOKEN_H

#include <pinion/endpoint.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The hash by which PBKDF2 makes a key. */
typedef enum pinion_token_digest {
    PINION_TOKEN_SHA256, /* SHA-256 */
    PINION_TOKEN_SHA384, /* SHA-384 */
    PINION_TOKEN_SHA512, /* SHA-512 */
} pinion_token_digest;

/* Zero means the default. Strings are borrowed for the call. The last three make the key out of secret and
 * salt, and must be the same on both sides. */
typedef struct pinion_token_options {
    /* A secret in place of the endpoint's, at least 20 bytes; the endpoint may be NULL then. */
    const char *secret_key_base;
    /* sign, encrypt: how long it is good, unless who reads it says otherwise: 86,400 (a day).
     * verify, decrypt: how long after it was signed it is good: as long as the token itself says.
     * PINION_NEVER: it never expires. */
    uint32_t max_age_s;
    int64_t signed_at;              /* sign, encrypt: when it was, in seconds of Unix time: now */
    bool binary;                    /* verify, decrypt: see pinion_token_verify */
    uint32_t key_iterations;        /* of PBKDF2: 1,000 */
    uint32_t key_length;            /* bytes: 32; 128 at most, and for encrypt and decrypt no other than 32 */
    pinion_token_digest key_digest; /* PINION_TOKEN_SHA256 */
} pinion_token_options;

/* Sign data. Consumes it, on failure too; NULL is {}. *token is terminated and free()d by the caller.
 * PINION_EINVAL: an option is not valid, or there is no secret (pinion_error_detail says how to set one);
 * PINION_EPAYLOAD: data that could not be built, or an integer beyond 64 bits in it; PINION_ETOOBIG: a token
 * over 1 MiB, or data nested deeper than 128 levels; PINION_ENOMEM. */
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

/* Verify a signed token (NULL: there is none), and get the data. *data is a reference of the caller's.
 * Data that is a string or bytes comes as a JSON string where it is UTF-8, and else as a binary payload; with
 * options->binary, always as a binary payload.
 * A token that was signed later than this machine's time is good, as in Phoenix: clocks of nodes differ.
 * PINION_ETOKENMISSING: no token; PINION_ETOKENINVALID: signed with another secret or salt, changed, or no
 * token at all; PINION_ETOKENEXPIRED: older than max_age_s; PINION_EPAYLOAD: good, but its data has no place
 * in a payload; PINION_EINVAL as above; PINION_ENOMEM. What pinion_error_detail says is for the log: tell a
 * stranger no more than that it was refused. */
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

/* The same with encryption (XChaCha20-Poly1305). PINION_ENOTSUP: this build has no libsodium. */
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
