/* HTTP/1.1 on the connections of one loop, for the code that answers requests. This layer knows no sockets,
 * and does not know what is mounted: the server's `find` names the handler of a request, and the handler is
 * called.
 *
 * A handler answers at once, has the body read first, or answers later. In the last two cases an answerer
 * stands for it meanwhile. Or it takes over the whole connection (a WebSocket upgrade). */
#ifndef PINION_HTTP_HTTP_H
#define PINION_HTTP_HTTP_H

#include "base/list.h"
#include "base/turns.h"
#include "http/answer.h"
#include "io/loop.h"
#include "proto/http1.h"
#include <pinion/endpoint.h>

struct pinion_network;
struct pinion_workers;
struct pinion_http_server;
struct pinion_static;

/* What a request is handed to. */
struct pinion_http_handler {
    /* Must answer the request, have its body read, wait, or take over the connection. `head` is the request
     * as it was received. It and `request` are valid during the call. */
    void (*serve)(struct pinion_http *http, const void *data, const struct pinion_http_request *request,
                  struct pinion_slice head);
    const void *data;
    size_t max_body; /* the longest body that it takes, in bytes; so much more is dropped of one it refuses */
    bool gets;       /* it answers GET and HEAD only; other methods are refused (405) */
    bool returning;  /* its clients ask again and again, and may do so while the server drains */
};

struct pinion_http_limits {
    size_t max_head;           /* the longest head of a request, in bytes */
    uint32_t max_headers;      /* the most headers of a request */
    uint32_t head_timeout_ms;  /* how long a head may take */
    uint32_t keep_alive_ms;    /* how long until the next request begins */
    uint32_t close_timeout_ms; /* how long the peer may take to close, once it has read everything */
    uint32_t stall_ms;         /* how long a peer may read nothing, or send nothing of a body */
};

/* The HTTP server of one loop. Only the loop's thread uses it. */
struct pinion_http_server {
    struct pinion_scheduler *scheduler;
    const struct pinion_http_limits *limits;

    /* Must find the handler for this request. False: there is none (404). */
    bool (*find)(struct pinion_http_server *server, const struct pinion_http_request *request,
                 struct pinion_http_handler *handler);

    /* Calls run(data), a function of the application that is of this kind and for this request or page. NULL:
     * it is called as it is. */
    void (*guard)(struct pinion_http_server *server, const char *kind, const char *name,
                  void (*run)(void *data), void *data);

    pinion_endpoint *endpoint;            /* for requests */
    const struct pinion_network *trusted; /* proxies, which say whose a request is */
    size_t trusted_count;

    struct pinion_workers *workers; /* for work of requests */
    size_t works;                   /* work that is under way */

    struct pinion_list connections; /* those that have not been handed over */
    struct pinion_turns turns;      /* connections that sent more requests than are handled in one go */
    size_t file_bytes;              /* of pieces of files that wait for their clients */
    bool drains;                    /* each answer ends its connection, except for returning clients */
    bool stops;                     /* each answer ends its connection */
};

/* ---- the server: server.c ---- */

/* The caller then sets `limits` and `find`. */
void pinion__http_server_init(struct pinion_http_server *server, struct pinion_scheduler *scheduler);

/* Take over a connection that was just accepted. */
void pinion__http_accept(struct pinion_http_server *server, struct pinion_conn *conn);

/* The endpoint drains: each answer ends its connection. Idle connections end now, except those of returning
 * clients, and new ones, whose first request may be on its way. With `patient` all of them stay, since the
 * next request of any may be on its way. */
void pinion__http_drain(struct pinion_http_server *server, bool patient);

/* True while there are connections that have sent no request yet. */
bool pinion__http_awaits_first(const struct pinion_http_server *server);

/* True while there are connections on which a request may be on its way. */
bool pinion__http_awaits_any(const struct pinion_http_server *server);

/* True while requests wait for their answers. */
bool pinion__http_awaits_answers(const struct pinion_http_server *server);

/* No client need come back: each answer from now on ends its connection. */
void pinion__http_say_last(struct pinion_http_server *server);

/* The endpoint stops: end all connections. Those that wait for an answer get it first. */
void pinion__http_stop(struct pinion_http_server *server);

/* ---- for handlers ---- */

struct pinion_http_server *pinion__http_server(const struct pinion_http *http);
struct pinion_conn *pinion__http_conn(const struct pinion_http *http);

/* For an answer that takes its time: does the connection stay open after it? The request decides. The answer
 * is no when the server stops, and when the peer has not been told to send its body (100 Continue), so that
 * it may send another request in its place. */
bool pinion__http_keep_alive(const struct pinion_http *http);

/* True when the request's body is short enough to be read and dropped. */
bool pinion__http_can_drop(const struct pinion_http *http, const struct pinion_http_request *request);

/* ---- requests that take their time: body.c, wait.c ---- */

/* Answers such a request. Its data is in use from pinion__http_read_body or _wait on, until body_end or
 * abandoned is called, or pinion__http_answer_begin. */
struct pinion_http_answerer {
    /* Takes a piece of the body. PINION_ETOOBIG: the body is too long (`too_long`); PINION_ENOMEM (503).
     * NULL: the body is read and dropped; 413 when it is too long for that. */
    int (*body)(void *data, struct pinion_slice piece);

    int too_long; /* the status for a body that is too long */

    /* The body cannot be read to its end: must answer with this status, and end the connection after that.
     * `abandoned` follows. NULL: the answer has no headers of its own. */
    void (*refuse)(struct pinion_http *http, void *data, int status);

    /* The body is at its end: must answer, or wait. */
    void (*body_end)(struct pinion_http *http, void *data);

    /* The request ends without an answer. May be NULL. */
    void (*abandoned)(void *data);

    /* While it waits: the peer sends no more. It still gets its answer, but may not be there for one that
     * comes late. May be NULL. */
    void (*hurry)(void *data);
};

/* Read the request's body first. If it has none, body_end is called now. */
void pinion__http_read_body(struct pinion_http *http, const struct pinion_http_answerer *answerer,
                            void *data);

/* Answer later. */
void pinion__http_wait(struct pinion_http *http, const struct pinion_http_answerer *answerer, void *data);

/* The answer is there. Between these two calls answer the request, or have its body read. The first call lets
 * go of the answerer. Not from inside a handler. */
void pinion__http_answer_begin(struct pinion_http *http);
void pinion__http_answer_end(struct pinion_http *http);

/* The connection is no longer HTTP. Bytes that came behind the request go to whoever is attached to it now.
 */
void pinion__http_hand_over(struct pinion_http *http);

/* ---- answers ---- */

/* Answer a GET or HEAD with the file at its path: static_serve.c. */
void pinion__http_serve_file(struct pinion_http *http, const struct pinion_static *files,
                             const struct pinion_http_request *request);

#endif
