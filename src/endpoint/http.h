/* One HTTP connection, as those see it who answer its requests. The connection and its requests are http.c's,
 * answers http_answer.c's, files http_file.c's, sockets http_socket.c's and http_longpoll.c's. */
#ifndef PINION_ENDPOINT_HTTP_H
#define PINION_ENDPOINT_HTTP_H

#include "base/buf.h"
#include "endpoint/endpoint.h"
#include "engine/socket.h"
#include "io/progress.h"
#include "proto/http1_body.h"

#define PINION_HTTP_DISCARD_MAX (1024u * 1024) /* bytes that are read of a body nobody asked for */

struct pinion_longpoll_call;

/* What the connection does. A request is in one state at a time, and what belongs to a state is to be had in
 * that state alone: pinion__http_enter() lets go of it.
 *
 *   HEAD --answered at once-----------------------------> REST or HEAD
 *        --a file---------------> FILE -----------------> REST or HEAD
 *        --a poll, or a session-> (DISCARD ->) POLL ----> HEAD
 *        --a post---------------> (LOOKUP ->) COLLECT --> PUBLISH --> HEAD
 *                                  LOOKUP: there is no such session -> REST
 *   any -> CLOSING
 */
enum pinion_http_state {
    PINION_HTTP_HEAD,    /* the next request is to come, or a part of its head has */
    PINION_HTTP_REST,    /* the request has its answer: what is left of its body is read and dropped */
    PINION_HTTP_DISCARD, /* a poll's body is read and dropped; then the poll begins */
    PINION_HTTP_COLLECT, /* a post's body is read: into `post` */
    PINION_HTTP_LOOKUP,  /* `waiting`: is the session of a post there? */
    PINION_HTTP_POLL,    /* `waiting`: a poll, or the beginning of a session */
    PINION_HTTP_PUBLISH, /* `waiting`: a post, whose body was handed over */
    PINION_HTTP_FILE,    /* `file` goes out */
    PINION_HTTP_CLOSING, /* no more answers: what is queued goes out, what comes is dropped */
};

struct pinion_http {
    struct pinion_conn *conn;
    struct pinion_endpoint_loop *loop;
    struct pinion_list node;         /* in loop->http */
    struct pinion_timer deadline;    /* to begin a head, to finish it, a body, or the close */
    struct pinion_patience patience; /* where the peer has time to read first */
    struct pinion_buf input;         /* the part of a head that has come, or what waits for an answer's end */
    size_t scanned;                  /* of it, by the parser */
    struct pinion_http_body body;    /* has_rest: what is to come of it */
    uint64_t discard_left;           /* bytes that may still be read in vain */
    union {
        struct pinion_longpoll_call *post;    /* COLLECT: not sent off yet */
        struct pinion_longpoll_call *waiting; /* LOOKUP, POLL, PUBLISH: sent off, comes back */
        struct {
            int fd;
            uint64_t left;
        } file;                           /* FILE */
        const struct pinion_mount *mount; /* DISCARD: the poll's */
    };
    struct pinion_turn turn; /* requests wait for it, whatever the state */
    struct pinion_buf head;  /* DISCARD, POLL: of a request that has to be looked at again */
    struct pinion_task pump; /* goes on sending a file */
    uint8_t state;           /* enum pinion_http_state */
    bool has_rest;           /* the end of the request's body has not been read */
    bool expects;            /* the peer waits for 100 Continue before it sends the body */
    bool head_only;          /* the request is a HEAD: its answer has no body */
    bool keep_alive;         /* after the answer that takes its time */
    bool backlogged;         /* too much is queued: requests wait until it has gone */
    bool asked;              /* a request came by it */
    bool head_begun;         /* a part of the next head has come: the time for it runs */
    bool polls;              /* a client of long polling comes by it */
    bool eof;                /* the peer sends no more, and is owed the answers to what it sent */
    bool pumping;            /* the pump task is queued */
    bool gone;               /* closed; the pump task frees */
};

/* ---- http.c ---- */

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms);

/* Let go of what belongs to the present state, and be in this one. What belongs to it is set by the caller,
 * after it. */
void pinion__http_enter(struct pinion_http *http, enum pinion_http_state state);

/* Answered for the last time: send what is queued, then close; the peer has a little time to do so too. */
void pinion__http_finish(struct pinion_http *http);

/* The request's answer is queued: what comes next is the rest of its body, or a request. */
void pinion__http_answered(struct pinion_http *http);

/* The state is one again in which bytes are taken: go on with those that waited, in turn with those of
 * others. */
void pinion__http_go_on(struct pinion_http *http);

/* ---- http_body.c ---- */

/* The request has a body. It is read in this state: COLLECT (`post`), DISCARD (`mount`) or REST. */
void pinion__http_begin_body(struct pinion_http *http, enum pinion_http_state state);

/* Returns what was used of these bytes: all of them, or those up to the body's end. */
size_t pinion__http_take_body(struct pinion_http *http, const uint8_t *bytes, size_t len);

/* So many bytes came that nobody asked for. False: no more of them will be read. */
bool pinion__http_spend(struct pinion_http *http, size_t len);

/* ---- http_answer.c ---- */

/* What Plug adds to each answer that says nothing else of caches: pages, refusals and errors are for this
 * client and now. */
#define PINION_HTTP_PRIVATE "cache-control: max-age=0, private, must-revalidate\r\n"

struct pinion_http_answer {
    int status;
    const char *content_type; /* NULL: none */
    const char *extra;        /* whole header lines, or "" */
    uint64_t length;
    bool keep_alive;
    bool body_follows; /* in frames of its own */
};

/* What the application said by pinion_response_send. */
struct pinion_http_answer pinion__http_answer_of(const struct pinion_response *response, bool keep_alive);

/* Head and body as they go over the wire. NULL when out of memory. */
struct pinion_frame *pinion__http_frame(const struct pinion_http_answer *answer, const void *body,
                                        size_t len);

/* Queue the head, and the body where it is at hand (and asked for): both in one frame. */
void pinion__http_send(struct pinion_http *http, const struct pinion_http_answer *answer, const void *body,
                       size_t len);

/* Plain text; none when it is empty. */
void pinion__http_send_text(struct pinion_http *http, int status, const char *extra, const char *text,
                            bool keep_alive);

/* The status and its standard phrase. */
void pinion__http_send_error(struct pinion_http *http, int status, bool keep_alive);

/* "100 Continue": the peer waits for it before it sends its body (RFC 9110 section 10.1.1). */
void pinion__http_send_continue(struct pinion_http *http);

/* ---- http_file.c ---- */

/* Before a file is sent. */
void pinion__http_file_init(struct pinion_http *http);

/* Answer a GET or HEAD. */
void pinion__http_serve_file(struct pinion_http *http, const struct pinion_static *files,
                             const struct pinion_http_request *request);

/* More of the file being sent, after the current callback. */
void pinion__http_pump_later(struct pinion_http *http);

/* ---- http_health.c ---- */

/* Answer a request for /healthz or /readyz. False when it is for something else. */
bool pinion__http_serve_health(struct pinion_http *http, const struct pinion_http_request *request);

/* ---- http_socket.c ---- */

/* Where a socket's transports answer, below its mount. */
enum pinion_http_transport { PINION_HTTP_NONE, PINION_HTTP_WEBSOCKET, PINION_HTTP_LONGPOLL };

enum pinion_http_transport pinion__http_transport(const struct pinion_mount *mount, struct pinion_slice path);

/* Answer a request for a WebSocket. True when the connection is the transport's now, and http is gone. */
bool pinion__http_serve_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                                  const struct pinion_http_request *request);

/* ---- http_longpoll.c ---- */

/* Answer a request of long polling, or take it in: its body may be still to come, its answer may take its
 * time. `head` is the request as it was received. */
void pinion__http_serve_longpoll(struct pinion_http *http, const struct pinion_mount *mount,
                                 const struct pinion_http_request *request, struct pinion_slice head);

/* COLLECT: the body is there. */
void pinion__http_longpoll_body(struct pinion_http *http);

/* DISCARD: the body is over. */
void pinion__http_longpoll_discarded(struct pinion_http *http);

/* True while a poll waits for messages; not while its session begins. */
bool pinion__http_longpoll_waits(const struct pinion_http *http);

#endif
