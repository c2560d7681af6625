/* Signed messages in the form of Plug.Crypto.MessageVerifier: everybody can read them, but only those who
 * have the key can make or change them.
 *
 *   BASE64URL("HS256") "." BASE64URL(message) "." BASE64URL(HMAC-SHA256(key, all before this dot))
 *
 * HS384 and HS512 are read as well. Only the usual base64 of a token is accepted, so that no byte of it can
 * be replaced by another. */
#ifndef PINION_TOKEN_VERIFIER_H
#define PINION_TOKEN_VERIFIER_H

#include "base/buf.h"
#include "base/slice.h"

#define PINION_TOKEN_MAX (1u << 20) /* bytes */

/* Append the token. PINION_ETOOBIG: over the buffer's cap; PINION_ENOMEM. */
int pinion__verifier_sign(struct pinion_slice key, struct pinion_slice message, struct pinion_buf *out);

/* Append the message of a token to `out`, which has room for PINION_TOKEN_MAX. The signature is checked in
 * constant time before any of the message is used. PINION_ETOKENINVALID: it was signed with another key, it
 * was changed, it is not a token, or it is longer than PINION_TOKEN_MAX; PINION_ENOMEM. */
int pinion__verifier_verify(struct pinion_slice key, struct pinion_slice token, struct pinion_buf *out);

#endif
