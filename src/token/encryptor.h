/* Encrypted messages in the form of Plug.Crypto.MessageEncryptor (version 2): only those who have the key can
 * read them.
 *
 *   "XCP." BASE64URL(nonce, authentication tag, XChaCha20-Poly1305(key, nonce, message))
 *
 * For historical reasons the authenticated data is "A128GCM". libsodium does the work; in a build without it
 * both functions return PINION_ENOTSUP. */
#ifndef PINION_TOKEN_ENCRYPTOR_H
#define PINION_TOKEN_ENCRYPTOR_H

#include "base/buf.h"
#include "base/slice.h"

#define PINION_ENCRYPTOR_KEY   32 /* bytes */
#define PINION_ENCRYPTOR_NONCE 24

/* Append the token. Key and nonce have the sizes above. The nonce must be random, and must never be used
 * again with this key. PINION_ETOOBIG: over the buffer's cap; PINION_ENOMEM; PINION_ENOTSUP. */
int pinion__encryptor_encrypt(const unsigned char *key, const unsigned char *nonce,
                              struct pinion_slice message, struct pinion_buf *out);

/* Append the message of a token to `out`, which has room for PINION_TOKEN_MAX. PINION_ETOKENINVALID: it was
 * encrypted with another key, it was changed, it is not a token, or it is longer than PINION_TOKEN_MAX;
 * PINION_ENOMEM; PINION_ENOTSUP. */
int pinion__encryptor_decrypt(const unsigned char *key, struct pinion_slice token, struct pinion_buf *out);

#endif
