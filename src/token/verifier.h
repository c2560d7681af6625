/* Signed messages, as Plug.Crypto.MessageVerifier makes them: readable by everybody, changed by nobody.
 *
 *   BASE64URL("HS256") "." BASE64URL(message) "." BASE64URL(HMAC-SHA256(key, all before this dot))
 *
 * HS384 and HS512 are read as well. Of the ways to write a token in base64 only the usual one is taken, so
 * that no byte of a token can be another.
 */
#ifndef PINION_TOKEN_VERIFIER_H
#define PINION_TOKEN_VERIFIER_H

#include "base/buf.h"
#include "base/slice.h"

#define PINION_TOKEN_MAX (1u << 20) /* bytes of a token */

/* Append the token to out. PINION_ETOOBIG: over the buffer's cap; PINION_ENOMEM. */
int pinion__verifier_sign(struct pinion_slice key, struct pinion_slice message, struct pinion_buf *out);

/* Append the message of a token to out, which has room for PINION_TOKEN_MAX. Nothing of the message is looked
 * at before its signature has been found right, in constant time. PINION_ETOKENINVALID: it was not signed
 * with this key, it was changed, it is no token, or longer than PINION_TOKEN_MAX; PINION_ENOMEM. */
int pinion__verifier_verify(struct pinion_slice key, struct pinion_slice token, struct pinion_buf *out);

#endif
