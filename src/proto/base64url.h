/* Base64 with the alphabet for URLs and no padding (RFC 4648 section 5).
 *
 * Strict: a text decodes only if encoding gives the same text. Padding, white space and other alphabets are
 * refused, and so are unused bits in the last character that are not zero. */
#ifndef PINION_PROTO_BASE64URL_H
#define PINION_PROTO_BASE64URL_H

#include "base/slice.h"

/* The length of the text for this many bytes. */
static inline size_t pinion__base64url_encoded_len(size_t bytes)
{
    return bytes / 3 * 4 + (bytes % 3 * 4 + 2) / 3;
}

/* The most bytes that a text of this many characters holds. */
static inline size_t pinion__base64url_decoded_len(size_t chars)
{
    return chars / 4 * 3 + chars % 4 * 3 / 4;
}

/* Write the text of these bytes to `out`, which must have room for it. Returns the end of what was
 * written. */
char *pinion__base64url_encode(char *out, struct pinion_slice bytes);

/* Write the bytes of the text to `out`, which must have room for them. *len is set to their number.
 * PINION_EPROTO: the text is not valid. */
int pinion__base64url_decode(char *out, struct pinion_slice text, size_t *len);

#endif
