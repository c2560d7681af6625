/* Sends files, a piece in each turn. Meanwhile requests wait. */
#include "http/connection.h"
#include "http/static.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_CHUNK (256u * 1024)

static ssize_t read_some(int fd, char *bytes, size_t want)
{
    ssize_t got;
    do
        got = read(fd, bytes, want);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Queue one more piece. False when the file is at its end, or cannot be read. In the latter case the
 * connection is closed, because the head has promised a length. */
static bool send_chunk(struct pinion_http *http)
{
    uint64_t left = http->file.left;
    size_t want = left < FILE_CHUNK ? (size_t)left : FILE_CHUNK;
    struct pinion_frame *frame = want ? pinion__frame_new(want) : NULL;
    ssize_t got = frame ? read_some(http->file.fd, pinion__frame_body(frame), want) : 0;
    if (got <= 0) {
        pinion__frame_unref(frame);
        if (left > 0) {
            http->keep_alive = false;
            pinion__conn_close(http->conn);
        }
        return false;
    }
    frame->body_len = (size_t)got;
    http->file.left -= (uint64_t)got;
    if (pinion__conn_answer(http->conn, frame))
        return true;
    http->keep_alive = false;
    return false;
}

static void after_file(struct pinion_http *http)
{
    if (!http->keep_alive) {
        pinion__http_finish(http);
        return;
    }
    pinion__http_answered(http);
    pinion__http_go_on(http);
}

/* Send one piece in a turn, so that other connections get theirs. If the kernel did not take all of it, the
 * next piece waits until it has (`drained`). */
static void run_pump(struct pinion_task *task)
{
    struct pinion_http *http = PINION_CONTAINER_OF(task, struct pinion_http, pump);
    http->pumping = false;
    if (http->gone) {
        free(http);
        return;
    }
    if (http->state != PINION_HTTP_FILE)
        return;
    if (!send_chunk(http)) {
        after_file(http);
    } else if (pinion__conn_flush(http->conn) == 0) {
        http->pumping = true;
        pinion__scheduler_defer(http->server->scheduler, &http->pump);
    }
}

void pinion__http_pump_later(struct pinion_http *http)
{
    if (http->pumping)
        return;
    http->pumping = true;
    pinion__scheduler_defer(http->server->scheduler, &http->pump);
}

void pinion__http_file_init(struct pinion_http *http)
{
    http->pump.run = run_pump;
}

/* ---- requests ---- */

/* True when the client has this version of the file already (RFC 9110 section 13.1.2). A proxy may have made
 * the tag a weak one. */
static bool has_it(const struct pinion_http_request *request, const char *etag)
{
    char weak[sizeof((struct pinion_static_file *)0)->etag + 2];
    snprintf(weak, sizeof weak, "w/%s", etag); /* tokens are compared in lower case */
    return pinion__http1_has_token(request, "if-none-match", etag) ||
           pinion__http1_has_token(request, "if-none-match", weak) ||
           pinion__slice_is(pinion__http1_header(request, "if-none-match"), "*");
}

/* The head is queued: have the pump send the file. */
static void start_file(struct pinion_http *http, const struct pinion_static_file *file, bool keep_alive)
{
    pinion__http_enter(http, PINION_HTTP_FILE);
    http->keep_alive = keep_alive;
    http->file.fd = file->fd;
    http->file.left = file->size;
    pinion__conn_pause(http->conn);
    pinion__http_pump_later(http);
}

/* Browsers keep the file, and ask each time whether it has changed. */
static void send_file(struct pinion_http *http, const struct pinion_static_file *file,
                      const struct pinion_http_request *request)
{
    char extra[128];
    snprintf(extra, sizeof extra, "etag: %s\r\ncache-control: no-cache\r\n", file->etag);
    bool known = has_it(request, file->etag);
    bool follows = !known && !http->head_only;
    struct pinion_http_answer answer = { .status = known ? 304 : 200,
                                         .content_type = known ? NULL : file->content_type,
                                         .extra = extra,
                                         .length = file->size,
                                         .keep_alive = request->keep_alive,
                                         .body_follows = follows };
    pinion__http_send(http, &answer, NULL, 0);
    if (follows)
        start_file(http, file, request->keep_alive);
    else
        close(file->fd);
}

static void redirect_to_directory(struct pinion_http *http, const struct pinion_http_request *request)
{
    static const char format[] = "location: %.*s/%s%.*s\r\n";
    size_t size = sizeof format + request->path.len + request->query.len;
    char *location = malloc(size);
    if (!location) {
        pinion__http_send_error(http, 500, request->keep_alive);
        return;
    }
    snprintf(location, size, format, (int)request->path.len, request->path.ptr, request->query.len ? "?" : "",
             (int)request->query.len, request->query.len ? request->query.ptr : "");
    pinion__http_send_text(http, 301, location, "", request->keep_alive);
    free(location);
}

void pinion__http_serve_file(struct pinion_http *http, const struct pinion_static *files,
                             const struct pinion_http_request *request)
{
    struct pinion_static_file file;
    switch (pinion__static_open(files, request->path, &file)) {
    case 0:
        send_file(http, &file, request);
        break;
    case PINION_STATIC_DIRECTORY:
        redirect_to_directory(http, request);
        break;
    case PINION_EPROTO:
        pinion__http_send_error(http, 400, request->keep_alive);
        break;
    case PINION_ENOENT:
        pinion__http_send_error(http, 404, request->keep_alive);
        break;
    case PINION_EBUSY:
        pinion__http_send_error(http, 503, request->keep_alive);
        break;
    default:
        pinion__http_send_error(http, 500, request->keep_alive);
        break;
    }
}
