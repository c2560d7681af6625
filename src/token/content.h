/* The content of a token, signed or encrypted: the data, when it was signed, and how long it is valid.
 *
 * It has the form of Plug.Crypto, the Erlang term {data, signed_at in milliseconds, max_age in seconds}. Two
 * older forms are read too, and are valid for a day: {data, signed_at} of Plug.Crypto 1.1, and %{data: …,
 * signed: …} of Phoenix before that. */
#ifndef PINION_TOKEN_CONTENT_H
#define PINION_TOKEN_CONTENT_H

#include "base/buf.h"
#include "base/slice.h"
#include <pinion/payload.h>
#include <stdint.h>

#define PINION_AGE_DEFAULT  86400     /* seconds */
#define PINION_AGE_INFINITY INT64_MAX /* in any unit */

/* Append the content. Data that is a binary payload becomes a binary; NULL becomes an empty map.
 * PINION_EPAYLOAD: the data is poison, or has an integer beyond 64 bits; PINION_ETOOBIG: over the buffer's
 * cap, or deeper than PINION_TERM_DEPTH; PINION_ENOMEM. */
int pinion__token_content_write(struct pinion_buf *out, const pinion_payload *data, int64_t signed_at_ms,
                                int64_t max_age_s);

/* How to read the content. */
struct pinion_token_reading {
    int64_t now_ms;    /* Unix time */
    int64_t max_age_s; /* used instead of the token's own max_age, unless it is 0 */
    bool binary;       /* data that is a binary becomes bytes, even if it is UTF-8 */
};

/* Read the data of a token that is valid now, or that was signed later than now by another node's clock.
 * *data is a new reference. PINION_ETOKENEXPIRED; PINION_ETOKENINVALID: not a term of these forms;
 * PINION_EPAYLOAD: the data cannot be a payload; PINION_ENOMEM. */
int pinion__token_content_read(struct pinion_slice bytes, const struct pinion_token_reading *reading,
                               pinion_payload **data);

#endif
