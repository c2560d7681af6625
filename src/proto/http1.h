/* Parses the head of an HTTP/1.1 request (RFC 9112). It is strict: it refuses a bare LF, obs-fold, white
 * space before a colon, a repeated or conflicting Content-Length, and everything else that could make two
 * readers see two different requests. It allocates and copies nothing: the slices point into the head. */
#ifndef PINION_PROTO_HTTP1_H
#define PINION_PROTO_HTTP1_H

#include "base/slice.h"
#include "proto/more.h"
#include <stdint.h>

#define PINION_HTTP_HEADERS_MAX 64

struct pinion_http_header {
    struct pinion_slice name;
    struct pinion_slice value; /* without the white space around it */
};

struct pinion_http_request {
    struct pinion_slice method;
    struct pinion_slice target; /* as it was sent, in origin-form or absolute-form */
    struct pinion_slice path;   /* the target's path, not decoded, without the query; "*" for OPTIONS * */
    struct pinion_slice query;  /* the text after '?', not decoded; empty when there is none */
    int minor;                  /* minor version: 0, or 1 for 1.1 and later */
    int refusal;                /* the status to answer if the head was refused */
    struct pinion_http_header headers[PINION_HTTP_HEADERS_MAX];
    size_t header_count;
    bool keep_alive; /* RFC 9112 section 9.3 */
    bool chunked;    /* Transfer-Encoding: chunked */
    bool has_content_length;
    uint64_t content_length;
};

/* Parse a head at the start of the data; one empty line may precede it. Returns its length with the empty
 * line (> 0), PINION_MORE while it is not complete, or an error. For an error, request->refusal is the status
 * to answer. PINION_ETOOBIG: too many headers (431); PINION_ENOTSUP: an HTTP version other than 1.x (505);
 * PINION_EPROTO: malformed (400), or a transfer coding other than chunked (501). Other members are valid only
 * if a length was returned.
 *
 * With an absolute-form target, the value of Host becomes the target's authority (RFC 9112 section 3.2.2), so
 * that only one host can be read. `scanned` is the number of bytes that an earlier call has seen and answered
 * with PINION_MORE: so a head that comes byte by byte is not searched again and again. The caller bounds
 * len. */
long pinion__http1_parse(const char *data, size_t len, size_t scanned, struct pinion_http_request *request);

/* True when the header has this name, which must be in lower case. */
bool pinion__http1_header_is(const struct pinion_http_header *header, const char *name);

/* The value of the first header with this name, which must be in lower case. If there is none, ptr is
 * NULL. */
struct pinion_slice pinion__http1_header(const struct pinion_http_request *request, const char *name);

/* Call fn for each header whose name begins with prefix, in any case. Names are passed as they were sent. */
void pinion__http1_each_header(const struct pinion_http_request *request, const char *prefix,
                               void (*fn)(struct pinion_slice name, struct pinion_slice value, void *data),
                               void *data);

/* True when a comma-separated list in the headers of that name contains this token. `token` must be in lower
 * case; its case in the header does not matter. All fields of that name count. */
bool pinion__http1_has_token(const struct pinion_http_request *request, const char *name, const char *token);

/* Take the next element of a comma-separated list, without the blanks around it. Empty elements are skipped
 * (RFC 9110 section 5.6.1). Returns false when there are no more. */
bool pinion__http1_next_element(struct pinion_slice *list, struct pinion_slice *element);

/* The status for a head that is not complete within the longest that is accepted: 414 if its request line
 * alone fills it, otherwise 431 (RFC 9110 section 15.5.15, RFC 6585 section 5). */
int pinion__http1_too_long(const char *data, size_t len);

/* True for the methods that HTTP itself defines (RFC 9110 section 9, RFC 5789). Other methods are answered
 * with 501. */
bool pinion__http1_method_known(struct pinion_slice method);

/* True for GET and for HEAD, which asks for the same. */
static inline bool pinion__http1_is_get(const struct pinion_http_request *request)
{
    return pinion__slice_is(request->method, "GET") || pinion__slice_is(request->method, "HEAD");
}

static inline bool pinion__http1_has_body(const struct pinion_http_request *request)
{
    return request->chunked || request->content_length > 0;
}

/* Percent-decode a path to out, which has room for path.len bytes. A '+' stays. Returns the length.
 * PINION_EPROTO: a broken escape or a NUL. */
long pinion__http1_decode_path(struct pinion_slice path, char *out);

/* The standard phrase of a status, for example "Not Found". */
const char *pinion__http1_reason(int status);

#endif
