/* HTTP beside channels: routes for logins, admin pages, webhooks and small APIs, on the same endpoint.
 *
 * A route has a method, a path and a function. The function reads the request and answers it. A body is read
 * whole before the function is called. This is not a web framework: it has no templates, sessions or
 * middleware.
 *
 * Besides the functions here, pinion_request_path, pinion_request_query and pinion_request_params of
 * pinion/endpoint.h read a request. What these functions return is valid as long as the request. A request
 * has one answer. An answer that is refused is logged at warning, so results need not be checked. */
#ifndef PINION_HTTP_H
#define PINION_HTTP_H

#include <pinion/endpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- routes ---- */

/* Takes a request, on one of the loops. Before it returns, it must answer the request, make a ref
 * (pinion_request_ref_new) or begin work (pinion_request_work). Else the answer is 500, and the log says so.
 *
 * Lifetime: the request's is the call; with work, it lasts until `done` has returned. */
typedef void pinion_http_fn(pinion_request *request, void *context);

/* How a route treats its requests. Zero means the default. Strings are copied. */
typedef struct pinion_http_options {
    /* The application's own data, for the function. Borrowed; must outlive the endpoint. Default: the context
     * of the endpoint's options. */
    void *context;
    /* The longest body of a request. Bytes. Default: 1 MiB. On excess: 413; what is longer by more than 1 MiB
     * is not read, and the connection is closed. */
    size_t max_body;
    /* The media type that a body must have, without parameters: "application/json". Default: any. On excess:
     * a body of another type, or without a type, is answered 415. */
    const char *accepts;
    /* Origins whose pages may read the answers (CORS): PINION_LIST("https://example.com"), as in
     * pinion_socket_options.origins; "*" stands for any. What a browser asks in advance (OPTIONS) is answered
     * from this, unless the path has a route for OPTIONS. Default: pages of this server only. */
    const char *const *cors_origins;
    bool cors_credentials; /* These pages may send cookies. "*" must not be among the origins then. Default:
                              false. */
} pinion_http_options;

/* Mount a route. `method` is GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS. A segment `:name` of the path
 * takes any one segment, and a last segment `*` takes all that are left, if there are any:
 * "/rooms/:id/messages", "/files/" followed by "*", which has no name. Extra slashes make no difference, as
 * with sockets, and "%61" is the same as "a" (RFC 3986 section 6.2.2.2).
 *
 * If several routes fit a path, each segment decides, from the left: a literal comes before `:name`, and that
 * before `*`. Sockets come before routes. /healthz and /readyz come before routes with `:name` or `*`; all
 * routes come before files. A HEAD is answered by the route for GET, and the answer is sent without its body.
 * OPTIONS is answered 204 with the methods (`Allow`). A path that has routes, but none with this method, is
 * answered 405 with `Allow`, unless there is a file for a GET.
 *
 * A page of pinion_endpoint_get is a route for GET.
 *
 * Ownership: the options are copied; NULL means defaults.
 *
 * Thread: the one that made the endpoint, before it starts.
 *
 * Errors: PINION_EINVAL: there is no such method, the path is taken or cannot be requested, `:` has no name
 * or a name that the path has already, `*` is not last, an option is not valid, or the endpoint has started;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_http_sized(pinion_endpoint *endpoint, const char *method,
                                                         const char *path, pinion_http_fn *fn,
                                                         const pinion_http_options *options, size_t size);
static inline PINION_CHECKED int pinion_endpoint_http(pinion_endpoint *endpoint, const char *method,
                                                      const char *path, pinion_http_fn *fn,
                                                      const pinion_http_options *options)
{
    return pinion_endpoint_http_sized(endpoint, method, path, fn, options, sizeof(pinion_http_options));
}

/* ---- reading a request ---- */

/* The endpoint that got the request. */
PINION_API pinion_endpoint *pinion_request_endpoint(const pinion_request *request);

/* The method: "GET". For a HEAD that the route for GET answers, it is "HEAD". */
PINION_API const char *pinion_request_method(const pinion_request *request);

/* What a segment `:name` of the route has taken, decoded: pinion_request_path_param(request, "id"). It is
 * UTF-8, and may have any character in it except U+0000: also '/' and "..". The name "*" stands for what `*`
 * has taken, without slashes at its ends. NULL when the route has no such segment. */
PINION_API const char *pinion_request_path_param(const pinion_request *request, const char *name);

/* The value of the first header of this name. The case of names does not matter. ptr is NULL when there is
 * none. */
PINION_API pinion_slice pinion_request_header(const pinion_request *request, const char *name);

/* Call fn for each header whose name begins with prefix; the case does not matter. "" stands for all. Names
 * are passed as they were sent.
 *
 * Order: the order of the request. */
PINION_API void pinion_request_headers(const pinion_request *request, const char *prefix,
                                       pinion_header_fn *fn, void *data);

/* The value of the first cookie of this name, as it was sent. ptr is NULL when there is none. */
PINION_API pinion_slice pinion_request_cookie(const pinion_request *request, const char *name);

/* The client's address as text, as pinion_connect_peer: behind trusted proxies it is the address that they
 * name. "" when there is none. */
PINION_API const char *pinion_request_peer(const pinion_request *request);

/* The client's port; 0 when it is not known. */
PINION_API uint16_t pinion_request_peer_port(const pinion_request *request);

/* "https" if a trusted proxy says that the client came by it, else "http". */
PINION_API const char *pinion_request_scheme(const pinion_request *request);

/* The body, whole. ptr is NULL when it is empty. */
PINION_API pinion_slice pinion_request_body(const pinion_request *request);

/* The body as JSON. The text is checked (RFC 8259, UTF-8, up to 128 levels deep).
 *
 * Ownership: *out is the caller's.
 *
 * Errors: PINION_EPROTO: the body is not JSON; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_request_json(const pinion_request *request, pinion_payload **out);

/* ---- answering ---- */

/* A header of an answer. */
typedef struct pinion_header {
    const char *name;  /* A token; its case does not matter. */
    const char *value; /* Text without control characters. */
} pinion_header;

/* A list of headers: PINION_HEADERS({ "content-type", "text/csv" }, { "cache-control", "no-store" }). */
#define PINION_HEADERS(...) PINION_TABLE(const pinion_header, __VA_ARGS__, { NULL, NULL })

/* Answer with a status (200 to 599), headers (PINION_HEADERS; NULL: none) and a body. A status without
 * content (204, 205, 304: RFC 9110 section 6.4.1) leaves the body out. If there is no
 * cache-control, the answer is for this client alone ("max-age=0, private, must-revalidate").
 *
 * Ownership: everything is copied.
 *
 * Thread: the loop's.
 *
 * Errors: PINION_EINVAL: the request has its answer, the status is out of range, a header is not valid (a
 * name that is not a token, a line end or another control character in a value), or it is one that the
 * library writes itself (connection, content-length, date, transfer-encoding and the like); PINION_ETOOBIG:
 * the headers have more than 64 KiB; PINION_ECLOSED: the client has gone; PINION_ENOMEM: out of memory. */
PINION_API int pinion_request_answer(pinion_request *request, int status, const pinion_header *headers,
                                     const void *body, size_t length);

/* Answer with plain text in UTF-8.
 *
 * Thread: the loop's.
 *
 * Errors: those of pinion_request_answer. */
PINION_API int pinion_request_answer_text(pinion_request *request, int status, const char *text);

/* Answer with JSON.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: the loop's.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_EINVAL: it is binary; those of
 * pinion_request_answer. */
PINION_API int pinion_request_answer_json(pinion_request *request, int status, pinion_payload *payload);

/* Answer with a file. The client gets what it asks for: a part of the file (Range, If-Range: 206 or 416), or
 * nothing when its conditions say so (If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since: 412 or
 * 304). If NAME.br or NAME.gz lies beside NAME and is not older, a client that takes such a coding gets that
 * one. Several ranges, and those that are malformed, count for nothing: the answer is the whole (200).
 * Methods other than GET and HEAD get the whole file.
 *
 * `path` is the file's, below `directory`. It may come from the client
 * (pinion_request_path_param(request, "*")): nothing outside the directory is sent. A path with "..", a slash
 * at one of its ends or a name that begins with a dot leads to no file; a symbolic link must be relative and
 * stay inside, and kernels before 5.6 follow none. `.well-known/` may be at its start. A relative directory
 * is looked for next to the program's own file first, then in the working directory.
 *
 * `headers` as in pinion_request_answer. The content type is that of the name, unless they have one. etag,
 * last-modified, accept-ranges, content-range and content-encoding are the library's. Statuses other than 200
 * and 206 have the headers too, without content.
 *
 * The file is read while it is sent, a piece at a time. If it becomes shorter meanwhile, the connection is
 * closed, so that the client does not take a part for the whole. Replace a file by renaming another one to
 * its name: then who is reading it gets the old one to its end.
 *
 * Ownership: everything is copied.
 *
 * Thread: the loop's. To answer after work, call it in `done`.
 *
 * Errors: PINION_ENOENT: there is no such file, or it may not be read; PINION_EBUSY: there are no descriptors
 * or no memory now; PINION_EIO: the file cannot be read; PINION_EINVAL: the directory cannot be opened, the
 * headers or those that were put have one that is the library's; those of pinion_request_answer. After an
 * error the request may still be answered: 404, or another file. PINION_ENOENT is not logged. */
PINION_API PINION_CHECKED int pinion_request_answer_file(pinion_request *request, const char *directory,
                                                         const char *path, const pinion_header *headers);

/* Send the client to another place: status 301, 302, 303, 307 or 308. `location` is a URI, or a path of this
 * server.
 *
 * Thread: the loop's.
 *
 * Errors: PINION_EINVAL: it is another status, or the location has blanks or characters beyond ASCII; those
 * of pinion_request_answer. */
PINION_API int pinion_request_redirect(pinion_request *request, int status, const char *location);

/* Put a header into the answer that will be given.
 *
 * Thread: the loop's.
 *
 * Errors: those of pinion_request_answer. */
PINION_API int pinion_request_put_header(pinion_request *request, const char *name, const char *value);

/* Where a cookie is sent to, and for how long. Zero means the default. */
typedef struct pinion_cookie_options {
    const char *path;      /* Paths it is sent for. Default: "/". */
    const char *domain;    /* The domain whose hosts it is sent to. Default: this host only. */
    const char *same_site; /* "Lax", "Strict" or "None", which makes it secure. Default: "Lax": it is not sent
                              with requests that pages of other sites make. */
    int64_t max_age;       /* How long it is kept. Seconds. Default: until the browser is closed. Less than 0:
                              the browser removes the cookie. */
    bool secure;           /* It is sent over TLS only. Default: if the request came over TLS, same_site is
                              "None", or the name begins with __Secure- or __Host-. */
    bool scripted;         /* Scripts of the page may read it. Default: false (HttpOnly). */
} pinion_cookie_options;

/* Put a cookie into the answer that will be given (Set-Cookie, RFC 6265). NULL means all defaults.
 *
 * Thread: the loop's.
 *
 * Errors: PINION_EINVAL: the name is not a token, the value has blanks, quotes, commas, semicolons,
 * backslashes or characters beyond ASCII, an option is not valid, or the name begins with __Host- and there
 * is a domain or another path than "/"; those of pinion_request_answer. */
PINION_API int pinion_request_put_cookie_sized(pinion_request *request, const char *name, const char *value,
                                               const pinion_cookie_options *options, size_t size);
static inline int pinion_request_put_cookie(pinion_request *request, const char *name, const char *value,
                                            const pinion_cookie_options *options)
{
    return pinion_request_put_cookie_sized(request, name, value, options, sizeof(pinion_cookie_options));
}

/* ---- answering later ---- */

typedef struct pinion_request_ref pinion_request_ref; /* The right to answer a request later. */

/* Make the ref of a request, in its function or in `done` of its work: the request is answered by it, later
 * and from any thread. A request has one ref at most. Headers and cookies that were put into the answer
 * before are sent with it.
 *
 * Ownership: the caller's, until pinion_request_ref_free, before or after the endpoint is freed.
 *
 * Thread: the loop's.
 *
 * Errors: NULL: the request has its answer, or has a ref already; its client has gone; or out of memory. */
PINION_API pinion_request_ref *pinion_request_ref_new(pinion_request *request);

/* As pinion_request_answer. When the client goes before the answer, nobody is told: the call for the answer
 * returns PINION_ECLOSED. A client that has gone a moment ago may not be known to have gone.
 *
 * Thread: any.
 *
 * Errors: those of pinion_request_answer; PINION_ECLOSED too when the endpoint has stopped. */
PINION_API int pinion_request_ref_answer(pinion_request_ref *ref, int status, const pinion_header *headers,
                                         const void *body, size_t length);

/* As pinion_request_answer_json.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: any.
 *
 * Errors: those of pinion_request_answer_json; PINION_ECLOSED too when the endpoint has stopped. */
PINION_API int pinion_request_ref_answer_json(pinion_request_ref *ref, int status, pinion_payload *payload);

/* Free a ref. If nobody has answered the request, and no work of it is under way, it is answered 500, and the
 * log says so. NULL is allowed.
 *
 * Thread: any. */
PINION_API void pinion_request_ref_free(pinion_request_ref *ref);

/* Goes on with a request when its work is done. `status` is 0, or PINION_ECLOSED if the client has gone or
 * the endpoint has stopped: then no answer arrives. */
typedef void pinion_request_done_fn(pinion_request *request, int status, void *data);

/* Run work(data) on another thread, and then done(request, status, data) on the loop. `done` must answer the
 * request, make a ref or begin more work, unless the request has an answer or a ref. It always runs once. The
 * threads are those of pinion_channel_work (pinion_endpoint_options.work_threads). An endpoint that stops
 * waits for work that is under way. A request may have several works at the same time: the first answer
 * counts.
 *
 * Lifetime: the request lives until `done` has returned. `work` must not use it.
 *
 * Thread: the loop's.
 *
 * Errors: PINION_EINVAL: the request has its answer; PINION_ECLOSED: its client has gone, or the endpoint has
 * stopped; PINION_ENOMEM: out of memory, or no thread could be started. Then `done` does not run. */
PINION_API PINION_CHECKED int pinion_request_work(pinion_request *request, pinion_work_fn *work,
                                                  pinion_request_done_fn *done, void *data);

#ifdef __cplusplus
}
#endif
#endif
