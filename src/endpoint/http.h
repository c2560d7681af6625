/* One HTTP connection, as those see it who answer its requests. The connection and its requests are http.c's,
 * answers http_answer.c's, files http_file.c's, sockets http_socket.c's and http_longpoll.c's. */
#ifndef PINION_ENDPOINT_HTTP_H
#define PINION_ENDPOINT_HTTP_H

#include "base/buf.h"
#include "endpoint/server.h"
#include "engine/socket.h"
#include "proto/http1_body.h"

#define PINION_HTTP_STALL_MS                                                                                 \
    30000 /* a peer that takes nothing of its answer, or sends nothing of its body                           \
           */

struct pinion_longpoll_call;

struct pinion_http {
    struct pinion_conn *conn;
    struct pinion_server_loop *loop;
    struct pinion_list node;      /* in loop->http */
    struct pinion_timer deadline; /* to finish a head, a body, or the close */
    struct pinion_buf input;      /* the part of a head that has come, or what waits for an answer's end */
    size_t scanned;               /* of it, by the parser */
    struct pinion_http_body body; /* in_body: what is to come of it */
    struct pinion_longpoll_call *call; /* in_body: takes the body. Else: waits for its answer */
    struct pinion_buf head;            /* of a request that may have to be looked at again */
    struct pinion_task pump;           /* goes on sending a file */
    int file;                          /* being sent, or -1 */
    uint64_t file_left;
    bool head_only; /* the request is a HEAD: its answer has no body */
    bool in_body;
    bool keep_alive; /* after the answer that takes its time */
    bool backlogged; /* too much is queued: requests wait until it has gone */
    bool polls;      /* a client of long polling comes by it */
    bool eof;        /* the peer sends no more, and is owed the answers to what it sent */
    bool closing;    /* after what is queued; input is ignored */
    bool pumping;    /* the pump task is queued */
    bool gone;       /* closed; the pump task frees */
};

/* ---- http.c ---- */

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms);

/* Send what is queued, then close; the peer has a little time to do so too. */
void pinion__http_finish(struct pinion_http *http);

/* An answer that took its time is queued: go on with the requests that waited. */
void pinion__http_go_on(struct pinion_http *http);

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

/* No file is being sent yet. */
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

/* The body that http->call takes has come. */
void pinion__http_longpoll_body(struct pinion_http *http);

/* The peer has gone away. True: what it asked for is for it alone, and nothing is owed any more. */
bool pinion__http_longpoll_eof(struct pinion_http *http);

/* The connection goes, whatever http->call waits for. */
void pinion__http_longpoll_release(struct pinion_http *http);

#endif
