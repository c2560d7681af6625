/* One HTTP connection, as those see it who answer its requests. The connection and its requests are http.c's,
 * answers http_answer.c's, files http_file.c's, sockets http_socket.c's. */
#ifndef PINION_ENDPOINT_HTTP_H
#define PINION_ENDPOINT_HTTP_H

#include "base/buf.h"
#include "endpoint/server.h"
#include "proto/http1.h"

#define PINION_HTTP_STALL_MS 30000 /* a peer that takes nothing of its answers for so long is closed */

struct pinion_http {
    struct pinion_conn *conn;
    struct pinion_server_loop *loop;
    struct pinion_list node;      /* in loop->http */
    struct pinion_timer deadline; /* to finish a head, or the close */
    struct pinion_task pump;      /* goes on sending a file */
    struct pinion_buf input;      /* the part of a head that has come, or what waits for an answer's end */
    size_t scanned;
    int file; /* being sent, or -1 */
    uint64_t file_left;
    bool backlogged; /* too much is queued: requests wait until it has gone */
    bool eof;        /* the peer sends no more, and is owed the answers to what it sent */
    bool close_after_file;
    bool closing; /* after what is queued; input is ignored */
    bool pumping; /* the pump task is queued */
    bool gone;    /* closed; the pump task frees */
};

/* ---- http.c ---- */

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms);

/* Send what is queued, then close; the peer has a little time to do so too. */
void pinion__http_finish(struct pinion_http *http);

/* An answer that took its time is queued: go on with the requests that waited. */
void pinion__http_go_on(struct pinion_http *http);

/* The connection is no longer HTTP, or no longer at all. */
void pinion__http_free(struct pinion_http *http);

/* ---- http_answer.c ---- */

struct pinion_http_answer {
    int status;
    const char *content_type; /* NULL: none */
    const char *extra;        /* whole header lines, or "" */
    uint64_t length;
    bool keep_alive;
};

/* Queue the head, and the body where it is at hand: both in one frame. */
void pinion__http_send(struct pinion_http *http, const struct pinion_http_answer *answer, const void *body,
                       size_t len);

/* Plain text; none when it is empty. */
void pinion__http_send_text(struct pinion_http *http, int status, const char *extra, const char *text,
                            bool keep_alive);

/* The status and its standard phrase. */
void pinion__http_send_error(struct pinion_http *http, int status, bool keep_alive);

/* ---- http_file.c ---- */

/* No file is being sent yet. */
void pinion__http_file_init(struct pinion_http *http);

void pinion__http_serve_file(struct pinion_http *http, const struct pinion_static *files,
                             const struct pinion_http_request *request);

/* More of the file being sent, after the current callback. */
void pinion__http_pump_later(struct pinion_http *http);

/* ---- http_socket.c ---- */

/* Where below its mount a socket answers, or NULL when the path is none of these. */
bool pinion__http_is_socket_path(const struct pinion_mount *mount, struct pinion_slice path);

/* Answer a request for a socket. True when the connection is the transport's now, and http is gone. */
bool pinion__http_serve_socket(struct pinion_http *http, const struct pinion_mount *mount,
                               const struct pinion_http_request *request);

#endif
