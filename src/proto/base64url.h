/* Base64 with the alphabet for URLs and no padding (RFC 4648 section 5).
 *
 * Strict: every text that decodes is the one that encoding gives. No padding, no white space, no other
 * alphabet, and the bits that are left over in the last character are zero.
 */
#ifndef PINION_PROTO_BASE64URL_H
#define PINION_PROTO_BASE64URL_H

#include "base/slice.h"

/* The length of the text for so many bytes. */
static inline size_t pinion__base64url_encoded_len(size_t bytes)
{
    return bytes / 3 * 4 + (bytes % 3 * 4 + 2) / 3;
}

/* The most bytes that a text of so many characters holds. */
static inline size_t pinion__base64url_decoded_len(size_t chars)
{
    return chars / 4 * 3 + chars % 4 * 3 / 4;
}

/* Write the text, for which out has room. Returns the end of what was written. */
char *pinion__base64url_encode(char *out, struct pinion_slice bytes);

/* Write the bytes, for which out has room, and give their number. PINION_EPROTO: no such text. */
int pinion__base64url_decode(char *out, struct pinion_slice text, size_t *len);

#endif
