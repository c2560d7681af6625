/* libsodium's XChaCha20-Poly1305 is the same as Plug's: HChaCha20 makes the key, and ChaCha20 gets the rest
 * of the nonce. */
#include "token/encryptor.h"
#include "base/log.h"
#include "proto/base64url.h"
#include "token/verifier.h"
#include <sodium.h>
#include <stdlib.h>

#define PREFIX     "XCP."
#define PREFIX_LEN (sizeof PREFIX - 1)
#define AAD        "A128GCM"
#define AAD_LEN    (sizeof AAD - 1)
#define TAG_LEN    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_LEN   (PINION_ENCRYPTOR_NONCE + TAG_LEN)

_Static_assert(PINION_ENCRYPTOR_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the key's size");
_Static_assert(PINION_ENCRYPTOR_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce's size");

/* --- encrypting --- */

/* The bytes that become base64. The caller frees them. NULL when out of memory. */
static unsigned char *seal(const unsigned char *key, const unsigned char *nonce, struct pinion_slice message)
{
    unsigned char *sealed = malloc(HEAD_LEN + message.len);
    if (!sealed)
        return NULL;
    memcpy(sealed, nonce, PINION_ENCRYPTOR_NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
        sealed + HEAD_LEN, sealed + PINION_ENCRYPTOR_NONCE, NULL, (const unsigned char *)message.ptr,
        message.len, (const unsigned char *)AAD, AAD_LEN, NULL, nonce, key);
    return sealed;
}

int pinion__encryptor_encrypt(const unsigned char *key, const unsigned char *nonce,
                              struct pinion_slice message, struct pinion_buf *out)
{
    size_t len = HEAD_LEN + message.len;
    int rc = pinion__buf_reserve(out, PREFIX_LEN + pinion__base64url_encoded_len(len));
    if (rc)
        return rc;
    unsigned char *sealed = seal(key, nonce, message);
    if (!sealed)
        return PINION_ENOMEM;
    memcpy(out->data + out->len, PREFIX, PREFIX_LEN);
    char *text = out->data + out->len + PREFIX_LEN;
    char *end = pinion__base64url_encode(text, pinion__slice((char *)sealed, len));
    out->len = (size_t)(end - out->data);
    free(sealed);
    return 0;
}

/* --- decrypting --- */

static int invalid(const char *why)
{
    return pinion__fail(PINION_ETOKENINVALID, "the token is not valid: %s", why);
}

/* Undo seal, and append the message. */
static int open_sealed(const unsigned char *key, const unsigned char *sealed, size_t len,
                       struct pinion_buf *out)
{
    if (len < HEAD_LEN)
        return invalid("it is too short");
    size_t message_len = len - HEAD_LEN;
    int rc = pinion__buf_reserve(
        out, message_len + 1); /* one byte more, so that there is memory even for an empty message */
    if (rc)
        return rc;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
            (unsigned char *)out->data + out->len, NULL, sealed + HEAD_LEN, message_len,
            sealed + PINION_ENCRYPTOR_NONCE, (const unsigned char *)AAD, AAD_LEN, sealed, key) != 0)
        return invalid("it was encrypted with another secret or salt, or it was changed");
    out->len += message_len;
    return 0;
}

int pinion__encryptor_decrypt(const unsigned char *key, struct pinion_slice token, struct pinion_buf *out)
{
    size_t len = 0;
    if (token.len > PINION_TOKEN_MAX)
        return invalid("it is too long");
    if (token.len < PREFIX_LEN || memcmp(token.ptr, PREFIX, PREFIX_LEN) != 0)
        return invalid("it does not begin like an encrypted token");
    struct pinion_slice text = pinion__slice(token.ptr + PREFIX_LEN, token.len - PREFIX_LEN);
    unsigned char *sealed = malloc(pinion__base64url_decoded_len(text.len) + 1);
    if (!sealed)
        return PINION_ENOMEM;
    int rc = pinion__base64url_decode((char *)sealed, text, &len) ? invalid("it is not base64")
                                                                  : open_sealed(key, sealed, len, out);
    free(sealed);
    return rc;
}
