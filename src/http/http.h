/* HTTP/1.1 on the connections of one loop, as those see it who answer requests. It knows neither sockets nor
 * who answers: whoever makes the server says what a request is for (`find`), and gets a handler called for
 * it.
 *
 * A handler answers at once, or takes the request in: it has the body read, or waits for its answer.
 * Meanwhile an answerer stands for it. Or it takes the whole connection over (a WebSocket upgrade). */
#ifndef PINION_HTTP_HTTP_H
#define PINION_HTTP_HTTP_H

#include "base/list.h"
#include "base/turns.h"
#include "http/answer.h"
#include "io/loop.h"
#include "proto/http1.h"

struct pinion_http_server;
struct pinion_static;

/* What requests are handed to. */
struct pinion_http_handler {
    /* Expected to answer the request, to read its body, to wait, or to take the connection over. `head` is
     * the request as it was received; both are gone with this call. */
    void (*serve)(struct pinion_http *http, const void *data, const struct pinion_http_request *request,
                  struct pinion_slice head);
    const void *data;
    size_t max_body; /* bytes that it takes of a body: so many more are read and dropped of one it refuses */
    bool gets;       /* it answers GET and HEAD; other methods are refused (405) */
    bool returning;  /* its clients live by asking again: a server that drains lets them, until it stops */
};

struct pinion_http_limits {
    size_t max_head;           /* bytes of a request's head */
    uint32_t max_headers;      /* of a request */
    uint32_t head_timeout_ms;  /* to finish a head */
    uint32_t keep_alive_ms;    /* to begin the next one */
    uint32_t close_timeout_ms; /* for the peer to close, once it has all before it */
    uint32_t stall_ms;         /* for a peer that reads nothing, or sends nothing of a body */
};

/* The HTTP of one loop, whose thread alone uses it. */
struct pinion_http_server {
    struct pinion_scheduler *scheduler;
    const struct pinion_http_limits *limits;

    /* Expected to say who answers this request. False: nobody (404). */
    bool (*find)(struct pinion_http_server *server, const struct pinion_http_request *request,
                 struct pinion_http_handler *handler);

    struct pinion_list connections; /* those that are (still) HTTP */
    struct pinion_turns turns;      /* of those that have sent more requests than are handled in one go */
    bool drains; /* it goes down: answers end their connections, but those of returning clients */
    bool stops;  /* those too */
};

/* ---- the server: server.c ---- */

/* The rest of it is the caller's to fill in. */
void pinion__http_server_init(struct pinion_http_server *server, struct pinion_scheduler *scheduler);

/* Take over a connection that was just accepted. */
void pinion__http_accept(struct pinion_http_server *server, struct pinion_conn *conn);

/* The server goes down: end those connections that only lie open, except those that returning clients come
 * by, and new ones, whose first request may be on its way. */
void pinion__http_drain(struct pinion_http_server *server);

/* True while there are such new ones. */
bool pinion__http_awaits_first(const struct pinion_http_server *server);

/* The server stops: end the connections, after the answer they are owed. */
void pinion__http_stop(struct pinion_http_server *server);

/* ---- what a handler may ask ---- */

struct pinion_http_server *pinion__http_server(const struct pinion_http *http);
struct pinion_conn *pinion__http_conn(const struct pinion_http *http);

/* What the request asked for, for an answer that takes its time. A server that stops meanwhile says no. */
bool pinion__http_keep_alive(const struct pinion_http *http);

/* The body, if nobody wants it, is short enough to be read to its end. */
bool pinion__http_can_drop(const struct pinion_http *http, const struct pinion_http_request *request);

/* ---- requests that take their time: body.c, wait.c ---- */

/* Who answers such a request. Its data is in use from read_body or wait on, until body_end or abandoned is
 * called with it, or answer_begin is called. */
struct pinion_http_answerer {
    /* A piece of the body. An error: it is too long (answered 400). NULL: the body is read and dropped, as
     * much of it as may be (else answered 413). */
    int (*body)(void *data, struct pinion_slice piece);

    /* The body is at its end: expected to answer, or to wait. */
    void (*body_end)(struct pinion_http *http, void *data);

    /* The request ends without it. NULL: there is nothing to be done. */
    void (*abandoned)(void *data);

    /* While it waits: a peer that sends no more is owed nothing. NULL: it is owed the answer. */
    bool (*owes_nothing)(const void *data);
};

/* Read the request's body first. One that has none is at its end now. */
void pinion__http_read_body(struct pinion_http *http, const struct pinion_http_answerer *answerer,
                            void *data);

/* The answer comes later. */
void pinion__http_wait(struct pinion_http *http, const struct pinion_http_answerer *answerer, void *data);

/* The answer is there: the answerer is let go of, and answers between these two calls, or reads the body. Not
 * from inside a handler. */
void pinion__http_answer_begin(struct pinion_http *http);
void pinion__http_answer_end(struct pinion_http *http);

/* The connection is no longer HTTP: whoever is attached to it by now gets what came behind the request. */
void pinion__http_hand_over(struct pinion_http *http);

/* ---- answers ---- */

/* Answer a GET or HEAD with the file of its path: file.c. */
void pinion__http_serve_file(struct pinion_http *http, const struct pinion_static *files,
                             const struct pinion_http_request *request);

#endif
