/* The headers that the application puts into an answer: checked, and kept as lines. */
#ifndef PINION_HTTP_HEADERS_H
#define PINION_HTTP_HEADERS_H

#include "base/buf.h"
#include "base/slice.h"

#define PINION_HTTP_HEADERS_BYTES (64u * 1024) /* of the headers of an answer */

struct pinion_http_headers {
    struct pinion_buf lines; /* each with its line end; not terminated */
    bool typed;              /* there is a content-type */
    bool cached;             /* there is a cache-control */
};

void pinion__http_headers_init(struct pinion_http_headers *headers);
void pinion__http_headers_release(struct pinion_http_headers *headers);

/* Add a header. PINION_EINVAL, with a sentence: it is not valid, or is one that the library writes itself;
 * PINION_ETOOBIG; PINION_ENOMEM. */
int pinion__http_headers_add(struct pinion_http_headers *headers, const char *name, const char *value);

/* Add a line of ours, of which nothing need be checked. PINION_ETOOBIG; PINION_ENOMEM. */
int pinion__http_headers_line(struct pinion_http_headers *headers, const char *name,
                              struct pinion_slice value);

/* They are complete: an answer that says nothing about caches is for its client alone. Terminates the lines.
 * PINION_ETOOBIG; PINION_ENOMEM. */
int pinion__http_headers_end(struct pinion_http_headers *headers);

/* Call fn for the name of each header, until it returns true. Returns whether it did. */
bool pinion__http_headers_any(const struct pinion_http_headers *headers,
                              bool (*fn)(struct pinion_slice name));

/* Take back what was added since `before` was copied. */
void pinion__http_headers_restore(struct pinion_http_headers *headers,
                                  const struct pinion_http_headers *before);

/* True for text without control characters: so it cannot begin another header, or another answer. */
bool pinion__http_header_is_value(const char *text);

/* True for a token (RFC 9110 section 5.6.2). */
bool pinion__http_header_is_token(const char *text);

#endif
