/* One HTTP connection, from the inside. */
#ifndef PINION_HTTP_CONNECTION_H
#define PINION_HTTP_CONNECTION_H

#include "base/buf.h"
#include "base/scheduler.h"
#include "http/http.h"
#include "io/progress.h"
#include "proto/http1_body.h"

#define PINION_HTTP_DISCARD_MAX (1024u * 1024) /* bytes that are read of a body nobody asked for */

/* What the connection does. It is in one state at a time. What belongs to a state exists only in that state:
 * pinion__http_enter() frees it.
 *
 *   HEAD --answered at once----------> REST or HEAD
 *        --a file--> FILE -----------> REST or HEAD
 *        --its body is read--> BODY --> HEAD or WAIT
 *        --waits--> WAIT ------------> HEAD, or BODY
 *        --handed over--> GIVEN
 *   any -> CLOSING
 */
enum pinion_http_state {
    PINION_HTTP_HEAD,    /* the next request is to come, or a part of its head has */
    PINION_HTTP_REST,    /* the request has its answer: what is left of its body is read and dropped */
    PINION_HTTP_BODY,    /* the body is read, for the answerer */
    PINION_HTTP_WAIT,    /* the answerer will answer */
    PINION_HTTP_FILE,    /* `file` goes out */
    PINION_HTTP_CLOSING, /* no more answers: what is queued goes out, what comes is dropped */
    PINION_HTTP_GIVEN,   /* the connection is somebody else's: this goes */
};

struct pinion_http {
    struct pinion_conn *conn;
    struct pinion_http_server *server;
    struct pinion_list node;         /* in server->connections */
    struct pinion_timer deadline;    /* to begin a head, to finish it, a body, or the close */
    struct pinion_patience patience; /* where the peer has time to read first */
    struct pinion_buf input;         /* the part of a head that has come, or what waits for an answer's end */
    size_t scanned;                  /* of it, by the parser */
    struct pinion_http_body body;    /* has_rest: what is to come of it */
    uint64_t discard_left;           /* bytes that may still be read in vain */
    union {
        struct {
            const struct pinion_http_answerer *ops;
            void *data;
        } answerer; /* BODY, WAIT */
        struct {
            int fd;
            uint64_t left;
        } file; /* FILE */
    };
    struct pinion_turn turn; /* requests wait for it, whatever the state */
    struct pinion_task pump; /* goes on sending a file */
    uint8_t state;           /* enum pinion_http_state */
    bool has_rest;           /* the end of the request's body has not been read */
    bool expects;            /* the peer waits for 100 Continue before it sends the body */
    bool head_only;          /* the request is a HEAD: its answer has no body */
    bool keep_alive;         /* after the answer that takes its time */
    bool backlogged;         /* too much is queued: requests wait until it has gone */
    bool asked;              /* a request came by it */
    bool head_begun;         /* a part of the next head has come: the time for it runs */
    bool returning;          /* see struct pinion_http_handler */
    bool eof;                /* the peer sends no more, and is owed the answers to what it sent */
    bool pumping;            /* the pump task is queued */
    bool gone;               /* closed; the pump task frees */
};

/* An answer takes its time. */
static inline bool pinion__http_is_answering(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_WAIT || http->state == PINION_HTTP_FILE;
}

/* Requests wait. */
static inline bool pinion__http_is_busy(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_CLOSING || http->backlogged || pinion__turn_waits(&http->turn) ||
           pinion__http_is_answering(http);
}

/* Requests wait for the peer to read. */
static inline bool pinion__http_sends_much(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_FILE || (http->backlogged && http->state != PINION_HTTP_CLOSING);
}

/* What follows is in the order in which the files need each other: each calls those above it alone. */

/* ---- time.c: how long a state may last ---- */

/* The present state begins. */
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

/* "100 Continue": the peer waits for it before it sends its body (RFC 9110 section 10.1.1). */
void pinion__http_send_continue(struct pinion_http *http);

/* ---- deadline.c ---- */

/* Call it once, before the first state. */
void pinion__http_deadline_init(struct pinion_http *http);

/* ---- body.c ---- */

/* The request's answer is queued. Go on with the rest of its body, or with the next request. */
void pinion__http_answered(struct pinion_http *http);

/* Read the body. Returns how many of these bytes were used: all, or those up to the body's end. */
size_t pinion__http_take_body(struct pinion_http *http, const uint8_t *bytes, size_t len);

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

/* Call it once, before any file is sent. */
void pinion__http_file_init(struct pinion_http *http);

/* Send more of the file, after the current callback. */
void pinion__http_pump_later(struct pinion_http *http);

#endif
