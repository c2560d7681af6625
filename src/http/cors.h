/* Cross-origin requests (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol): which pages of other
 * origins may read the answers of a route. */
#ifndef PINION_HTTP_CORS_H
#define PINION_HTTP_CORS_H

#include "http/headers.h"
#include "proto/http1.h"
#include "proto/origin.h"

/* All zero: pages of no other origin. */
struct pinion_http_cors {
    const char *const *texts;
    struct pinion_origin *origins; /* they point into the texts */
    size_t count;
    bool any;
    bool credentials;
};

/* Take the origins of a route; "*" stands for any. PINION_EINVAL, with a sentence; PINION_ENOMEM. Then it is
 * to be released too. */
int pinion__http_cors_init(struct pinion_http_cors *cors, const char *const *origins, bool credentials);
void pinion__http_cors_release(struct pinion_http_cors *cors);

/* Put the headers for this request into its answer. Errors: those of pinion__http_headers_line. */
int pinion__http_cors_put(const struct pinion_http_cors *cors, const struct pinion_http_request *request,
                          struct pinion_http_headers *headers);

/* The method that a browser asks for in advance, for a page of another origin; empty: it asks for none. */
struct pinion_slice pinion__http_cors_method(const struct pinion_http_request *request);

/* The same as pinion__http_cors_put, for such a request. */
int pinion__http_cors_put_preflight(const struct pinion_http_cors *cors,
                                    const struct pinion_http_request *request,
                                    struct pinion_http_headers *headers);

/* The names of headers that the page would like to send, as one terminated list. False when they do not fit.
 */
bool pinion__http_cors_asked(const struct pinion_http_request *request, char *out, size_t size);

#endif
