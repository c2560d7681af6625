/* An HTTP connection, as the files of src/http see it. */
#ifndef PINION_HTTP_CONNECTION_H
#define PINION_HTTP_CONNECTION_H

#include "base/buf.h"
#include "base/scheduler.h"
#include "http/http.h"
#include "io/progress.h"
#include "proto/http1_body.h"

#define PINION_HTTP_DISCARD_MAX (1024u * 1024) /* how many bytes of a body that nobody takes are read */

/* What the connection does. It is in one state at a time. Some members exist only in one state;
 * pinion__http_enter() releases those of the state that it leaves.
 *
 *   HEAD --answered at once----------> REST or HEAD
 *        --a file--> FILE -----------> REST or HEAD
 *        --its body is read--> BODY --> HEAD or WAIT
 *        --waits--> WAIT ------------> HEAD, or BODY
 *        --handed over--> GIVEN
 *   any -> CLOSING */
enum pinion_http_state {
    PINION_HTTP_HEAD,    /* it waits for the next request, or for the rest of its head */
    PINION_HTTP_REST,    /* the request has its answer; the rest of its body is read and dropped */
    PINION_HTTP_BODY,    /* the body is read for the answerer */
    PINION_HTTP_WAIT,    /* the answerer will answer later */
    PINION_HTTP_FILE,    /* `file` is being sent */
    PINION_HTTP_CLOSING, /* there are no more answers; what is queued is sent, what comes is dropped */
    PINION_HTTP_GIVEN,   /* the connection has been handed over, and this struct is about to be freed */
};

/* Pieces of files, bytes: while more than the last waits on a loop, they are small. */
#define PINION_HTTP_PIECE       (64u * 1024)
#define PINION_HTTP_SMALL_PIECE (8u * 1024)
#define PINION_HTTP_PIECES_MAX  (16u * 1024 * 1024)

struct pinion_http {
    struct pinion_conn *conn;
    struct pinion_http_server *server;
    struct pinion_list node;         /* in server->connections */
    struct pinion_timer deadline;    /* for the head to begin or to end, for the body, or for the close */
    struct pinion_patience patience; /* for states that begin once the peer has read everything */
    struct pinion_buf input;         /* the first part of a head, or bytes that wait for an answer */
    size_t scanned;                  /* how many bytes of the head the parser has seen */
    struct pinion_http_body body;    /* while has_rest: the part of the body that is still to come */
    uint64_t discard_left;           /* how many more bytes may be read and dropped */
    union {
        struct {
            const struct pinion_http_answerer *ops;
            void *data;
        } answerer; /* in BODY and WAIT */
        struct {
            int fd;
            uint64_t left;  /* bytes still to be read */
            size_t waiting; /* bytes of the last piece, if the kernel did not take it all at once */
        } file;             /* in FILE */
    };
    struct pinion_turn turn; /* while it waits, requests wait too, in any state; in FILE it sends a piece */
    uint8_t state;           /* enum pinion_http_state */
    bool has_rest;           /* the request's body has not been read to its end */
    bool expects;            /* the peer waits for 100 Continue before it sends the body */
    bool head_only;          /* the request is a HEAD: its answer has no body */
    bool keep_alive;         /* the connection stays open after an answer that takes its time */
    bool backlogged;         /* too many answers are queued; requests wait until they are sent */
    bool asked;              /* a request has come on this connection */
    bool head_begun;         /* a part of the next head has come, so that its deadline runs */
    bool returning;          /* see struct pinion_http_handler */
    bool eof;                /* the peer sends no more; it still gets its answers */
};

/* True while an answer takes its time. */
static inline bool pinion__http_is_answering(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_WAIT || http->state == PINION_HTTP_FILE;
}

/* True while requests have to wait. */
static inline bool pinion__http_is_busy(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_CLOSING || http->backlogged || pinion__turn_waits(&http->turn) ||
           pinion__http_is_answering(http);
}

/* True when requests wait until the peer has read its answers. */
static inline bool pinion__http_sends_much(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_FILE || (http->backlogged && http->state != PINION_HTTP_CLOSING);
}

/* What follows is in the order in which the files need each other: each calls those above it alone. */

/* ---- time.c: how long a state may last ---- */

/* The state begins: set its deadline. */
void pinion__http_start_clock(struct pinion_http *http);

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms);

/* ---- state.c ---- */

/* Free what belongs to the present state, and go to this one. The caller then sets what belongs to the new
 * state. */
void pinion__http_enter(struct pinion_http *http, enum pinion_http_state state);

/* Close after the last answer: first send what is queued. The peer has a little time to close too. */
void pinion__http_finish(struct pinion_http *http);

/* Free it. The connection must bring no more events here. */
void pinion__http_free(struct pinion_http *http);

/* ---- answer.c ---- */

/* Send "100 Continue". The peer waits for it before it sends the body (RFC 9110 section 10.1.1). */
void pinion__http_send_continue(struct pinion_http *http);

/* ---- deadline.c ---- */

/* Call it once, before the first state. */
void pinion__http_deadline_init(struct pinion_http *http);

/* ---- body.c ---- */

/* The request's answer is queued. Go on with the rest of its body, or with the next request. */
void pinion__http_answered(struct pinion_http *http);

/* Read the body. Returns how many of these bytes were used: all, or those up to the body's end. */
size_t pinion__http_take_body(struct pinion_http *http, const uint8_t *bytes, size_t len);

/* The body cannot be read to its end (state BODY): answer with this status, and end the connection. */
void pinion__http_body_refuse(struct pinion_http *http, int status);

/* Count bytes that nobody asked for. False: no more of them will be read. */
bool pinion__http_spend(struct pinion_http *http, size_t len);

/* ---- request.c: heads ---- */

/* Read a request and have it served. Returns how many of these bytes were used: 0 when more must come, all
 * when the connection is no longer HTTP. Then http is gone (*given). */
size_t pinion__http_take_request(struct pinion_http *http, uint8_t *bytes, size_t len, bool *given);

/* Answer a request that is not valid. */
void pinion__http_refuse(struct pinion_http *http, int status);

/* ---- input.c: what comes, one thing after the other ---- */

void pinion__http_input_init(struct pinion_http *http);

/* Take bytes that came. None: the peer sends no more. */
void pinion__http_receive(struct pinion_http *http, uint8_t *bytes, size_t len);

/* Go on with the bytes that waited, in turn with other connections: the state takes bytes again. */
void pinion__http_go_on(struct pinion_http *http);

/* The same, when there is room for answers again. */
void pinion__http_wait_turn(struct pinion_http *http);

/* ---- file.c ---- */

/* The head is queued: have the rest of this file sent behind it, `length` bytes. Closes the file. */
void pinion__http_start_file(struct pinion_http *http, int fd, uint64_t length, bool keep_alive);

/* Send more of the file, in turn with other connections. */
void pinion__http_pump_later(struct pinion_http *http);

/* In FILE: of the last piece, so many bytes wait for the client. */
static inline void pinion__http_note_waiting(struct pinion_http *http, size_t bytes)
{
    http->server->file_bytes += bytes - http->file.waiting;
    http->file.waiting = bytes;
}

#endif
