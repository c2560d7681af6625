/* What a token holds, signed or encrypted: data, when it was signed, and how long it is good.
 *
 * As Plug.Crypto has it, the Erlang term {data, signed_at in milliseconds, max_age in seconds}. Read are also
 * the forms of Plug.Crypto 1.1, {data, signed_at}, and of Phoenix before that, %{data: …, signed: …}, which
 * are good for a day.
 */
#ifndef PINION_TOKEN_CONTENT_H
#define PINION_TOKEN_CONTENT_H

#include "base/buf.h"
#include "base/slice.h"
#include <pinion/payload.h>
#include <stdint.h>

#define PINION_AGE_DEFAULT  86400     /* seconds */
#define PINION_AGE_INFINITY INT64_MAX /* whatever the unit */

/* Append it to out. Data that is a binary payload becomes a binary, NULL an empty map.
 * PINION_EPAYLOAD: poison, or an integer beyond 64 bits; PINION_ETOOBIG: over the buffer's cap, or deeper
 * than PINION_TERM_DEPTH; PINION_ENOMEM. */
int pinion__token_content_write(struct pinion_buf *out, const pinion_payload *data, int64_t signed_at_ms,
                                int64_t max_age_s);

/* How to read it. */
struct pinion_token_reading {
    int64_t now_ms;    /* Unix time */
    int64_t max_age_s; /* in place of the token's own, unless 0 */
    bool binary;       /* data that is a binary comes as bytes, also where it is UTF-8 */
};

/* The data of a token that is good now, or that another node's clock has signed later than now. *data is a
 * new reference. PINION_ETOKENEXPIRED; PINION_ETOKENINVALID: no such term; PINION_EPAYLOAD: the data has no
 * place in a payload; PINION_ENOMEM. */
int pinion__token_content_read(struct pinion_slice bytes, const struct pinion_token_reading *reading,
                               pinion_payload **data);

#endif
