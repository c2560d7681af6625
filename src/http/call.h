/* A call of the application for a request: the struct behind the public pinion_request. It is made when a
 * route takes the request. It lives until the request has its answer or its connection has gone, and no work
 * is under way.
 *
 *   begun --its body is read--> called --answered-------------------> over
 *      `------no body-----------^  `--a ref, or work--> waits --answered--^
 *
 * From any state its connection may go; then it is over too. */
#ifndef PINION_HTTP_CALL_H
#define PINION_HTTP_CALL_H

#include "base/buf.h"
#include "base/misuse.h"
#include "base/scheduler.h"
#include "http/headers.h"
#include "http/route.h"

struct pinion_http;
struct pinion_http_answer;
struct pinion_http_kept;
struct pinion_http_request;
struct pinion_http_server;
struct pinion_workers;

#define PINION_REQUEST_PEER 46 /* bytes of the longest address as text, with the terminator */

struct pinion_request {
    struct pinion_http *http; /* NULL: its connection has gone */
    struct pinion_http_server *server;
    struct pinion_scheduler *scheduler; /* of its loop */
    const struct pinion_http_route *route;
    const struct pinion_http_request *head; /* the connection's, or the copy */
    struct pinion_http_kept *kept;          /* the copy; NULL: there is none */
    struct pinion_slice bytes;              /* of the head, during the call; they are copied */
    struct pinion_buf body;
    struct pinion_http_headers headers;              /* put into the answer */
    pinion_payload *params;                          /* of the query, once they were asked for */
    bool parsed;                                     /* they were */
    pinion_request_ref *ref;                         /* that may answer; NULL: there is none */
    void (*end_ref)(struct pinion_request *request); /* the request is over: tell the ref */
    unsigned works;                                  /* work that is under way */
    bool answered;                                   /* the answer is queued */
    bool waits;                                      /* the connection waits for the answer */
    bool looked;                                     /* the peer is known */
    bool secure;                                     /* it came over TLS */
    unsigned mark; /* of errors (base/log.h), when its function was called */
    uint16_t port;
    char peer[PINION_REQUEST_PEER];
    const char *path, *query; /* terminated, within text */
    const char *parameters;   /* see pinion__http_route_decode */
    char text[];
};

/* Serve a request by a route. A function for pinion_http_handler.serve; `data` is the route. */
void pinion__http_serve_route(struct pinion_http *http, const void *data,
                              const struct pinion_http_request *request, struct pinion_slice head);

/* Look at where the request comes from. */
void pinion__request_look(struct pinion_request *request);

/* Queue the answer. The request has none yet, and its connection is there. */
void pinion__request_send(struct pinion_request *request, const struct pinion_http_answer *answer,
                          const void *body, size_t len);

/* The answer is about to be queued on its connection: what pinion__request_send does first. */
void pinion__request_let_answer(struct pinion_request *request);

/* Copy what the connection is about to forget: the request goes on after the call. PINION_ENOMEM. */
int pinion__request_keep(struct pinion_request *request);

/* Call a function of the application for this request: run(data). */
void pinion__request_guard(struct pinion_request *request, const char *kind, void (*run)(void *data),
                           void *data);

/* A function of the application has returned, or a ref has gone: wait for the answer, or go on with the
 * connection. An answer that nobody can give any more is 500. The request may be freed. */
void pinion__request_settle(struct pinion_request *request);

/* 0: an answer may be given. PINION_EINVAL and PINION_ECLOSED, with a sentence. */
int pinion__request_open(const pinion_request *request);

/* Answer with headers that were checked already, besides those that were put. `type` is for an answer without
 * a content-type; NULL: none. */
int pinion__request_answer(pinion_request *request, int status, const struct pinion_http_headers *headers,
                           const char *type, const void *body, size_t length);

/* The headers of an answer, terminated: those that were put, these, and `lines` of ours. On an error nothing
 * is changed. PINION_ETOOBIG; PINION_ENOMEM. */
int pinion__request_complete(pinion_request *request, const struct pinion_http_headers *headers,
                             const char *lines);

/* As pinion_request_work, on these threads. NULL: on those of the server. */
int pinion__request_work_on(pinion_request *request, struct pinion_workers *workers, pinion_work_fn *work,
                            pinion_request_done_fn *done, void *data);

/* Check a status, and take the headers of a list. Errors: those of pinion_request_answer. */
int pinion__request_take(int status, const pinion_header *list, struct pinion_http_headers *headers);

/* The text of a payload that can be an answer. PINION_EPAYLOAD, PINION_EINVAL, PINION_ENOMEM. */
int pinion__request_text(const pinion_payload *payload, struct pinion_slice *text);

#define PINION_REQUEST_JSON "application/json; charset=utf-8"

/* Put a header into the answer that will be given. Errors: those of pinion_request_put_header. */
int pinion__request_put(pinion_request *request, const char *name, const char *value);

/* The end of a public function that answers: see pinion__error_end. If it is an error, the log says so. */
int pinion__request_end(const pinion_request *request, const char *call, unsigned mark, int code);

#define PINION_ANSWERS(request, expression)                                                                  \
    do {                                                                                                     \
        unsigned pinion_error_before = pinion__error_mark();                                                 \
        return pinion__request_end(request, __func__, pinion_error_before, (expression));                    \
    } while (0)

/* In a public function: it is called on the loop of the request. */
#define PINION_ON_LOOP_OF_REQUEST(request, otherwise)                                                        \
    PINION_RULE(pinion__scheduler_on_thread((request)->scheduler), otherwise,                                \
                "called on a thread that is not the loop of the request")

#endif
