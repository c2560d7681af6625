/* The head of an HTTP/1.1 request (RFC 9112), strict: bare LF, obs-fold, white space before a colon, doubled
 * or conflicting Content-Length, and anything else that makes two readers see two requests is refused.
 * Nothing is allocated or copied: the slices point into the head. */
#ifndef PINION_PROTO_HTTP1_H
#define PINION_PROTO_HTTP1_H

#include "base/slice.h"
#include "proto/more.h"
#include <stdint.h>

#define PINION_HTTP_HEADERS_MAX 64

struct pinion_http_header {
    struct pinion_slice name;
    struct pinion_slice value; /* without white space around it */
};

struct pinion_http_request {
    struct pinion_slice method;
    struct pinion_slice target; /* as sent, origin-form or absolute-form */
    struct pinion_slice path;   /* of the target, not decoded, without the query; "*" for OPTIONS * */
    struct pinion_slice query;  /* after '?', not decoded; empty when there is none */
    int minor;                  /* of the version: 0, or 1 for 1.1 and later */
    int refusal;                /* the status to answer when the head was refused */
    struct pinion_http_header headers[PINION_HTTP_HEADERS_MAX];
    size_t header_count;
    bool keep_alive; /* RFC 9112 section 9.3 */
    bool chunked;    /* Transfer-Encoding: chunked */
    bool has_content_length;
    uint64_t content_length;
};

/* Parse a head at the start of data, which one empty line may precede. Returns its length with the empty line
 * (> 0); PINION_MORE when it is not complete; or an error, and the status to answer in request->refusal:
 * PINION_ETOOBIG for too many headers (431); PINION_ENOTSUP for another HTTP version than 1.x (505);
 * PINION_EPROTO for anything malformed (400), and for a transfer coding besides chunked (501).
 * Nothing else of the request means something unless a length was returned. With an absolute-form
 * target the value of Host is the target's authority (RFC 9112 section 3.2.2), so that there is one host to
 * be read. `scanned` is how many bytes an earlier call, which answered PINION_MORE, has seen: so that a head
 * that comes byte by byte is not read again and again. The caller bounds len. */
long pinion__http1_parse(const char *data, size_t len, size_t scanned, struct pinion_http_request *request);

/* True when the header has this name (lower case). */
bool pinion__http1_header_is(const struct pinion_http_header *header, const char *name);

/* The value of the first header with this name (lower case), or an empty slice with ptr NULL. */
struct pinion_slice pinion__http1_header(const struct pinion_http_request *request, const char *name);

/* True when a header that is a comma-separated list holds this token (in lower case; there in any). All
 * fields of that name count. */
bool pinion__http1_has_token(const struct pinion_http_request *request, const char *name, const char *token);

/* Take the next element of a comma-separated list, without blanks around it; empty ones are none (RFC 9110
 * section 5.6.1). False: there are no more. */
bool pinion__http1_next_element(struct pinion_slice *list, struct pinion_slice *element);

/* What is wrong with a head that has not ended within the longest that is taken: 414 when its request line
 * alone fills it, else 431 (RFC 9110 section 15.5.15, RFC 6585 section 5). */
int pinion__http1_too_long(const char *data, size_t len);

/* True for the methods that HTTP itself defines (RFC 9110 section 9, RFC 5789). Another one is answered
 * 501. */
bool pinion__http1_method_known(struct pinion_slice method);

/* GET, or HEAD, which asks for the same. */
static inline bool pinion__http1_is_get(const struct pinion_http_request *request)
{
    return pinion__slice_is(request->method, "GET") || pinion__slice_is(request->method, "HEAD");
}

static inline bool pinion__http1_has_body(const struct pinion_http_request *request)
{
    return request->chunked || request->content_length > 0;
}

/* Percent-decode a path into out (at least path.len bytes), without '+' for space. Returns the length, or
 * PINION_EPROTO for a broken escape or a NUL. */
long pinion__http1_decode_path(struct pinion_slice path, char *out);

/* The standard phrase of a status ("Not Found"). */
const char *pinion__http1_reason(int status);

#endif
