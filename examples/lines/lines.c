#include "lines.h"
#include <inttypes.h>
#include <pinion/stream.h>
#include <pinion/transport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_MS   10000 /* how long the first line may take */
#define GOODBYE_MS 5000  /* how long the peer may take to end its side, once it has everything */
#define STILL_MAX  6     /* how many times GOODBYE_MS it may read nothing while something is left */

struct lines {
    pinion_stream *stream;
    const char *path;
    size_t max_message;
    pinion_socket *socket;                            /* NULL before it is connected, and once it has ended */
    enum { HELLO, ASKING, OPEN, PAUSED, OVER } state; /* frames are delivered only in OPEN */
    char *input;                                      /* bytes that have come, and are not delivered yet */
    size_t length;
    size_t left;    /* in OVER: the bytes to be sent, when we last looked */
    unsigned still; /* in OVER: how often in a row there was no progress */
};

static const pinion_transport transport;

/* ---- out ---- */

/* Send a line of our own: `kind` and `detail`. */
static void say(struct lines *lines, const char *kind, pinion_slice detail)
{
    size_t length = strlen(kind) + detail.len + 1;
    pinion_frame *frame = pinion_frame_new(false, NULL, length);
    if (!frame) {
        pinion_stream_close(lines->stream);
        return;
    }
    char *body = pinion_frame_body(frame);
    memcpy(body, kind, strlen(kind));
    if (detail.len)
        memcpy(body + strlen(kind), detail.ptr, detail.len);
    body[length - 1] = '\n';
    (void)pinion_stream_send(lines->stream, frame); /* if it is closed, on_closed follows */
}

/* We send no more, and drop what the client sends. */
static void finish(struct lines *lines)
{
    lines->state = OVER;
    lines->socket = NULL;
    pinion_stream_resume(lines->stream);
    pinion_stream_shutdown(lines->stream);
    lines->left = pinion_stream_queued(lines->stream);
    pinion_stream_timeout(lines->stream, GOODBYE_MS);
}

/* The engine ends the socket. */
static void on_close(void *conn, uint16_t code)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%" PRIu16, code);
    say(conn, "close ", (pinion_slice){ text, (size_t)length });
    finish(conn);
}

/* We end the socket. */
static void end(struct lines *lines, uint16_t code)
{
    if (lines->socket)
        pinion_transport_ended(lines->socket);
    on_close(lines, code);
}

/* A frame is JSON. A line end in a string is escaped; all others may become spaces. */
static pinion_frame *on_frame(pinion_frame *frame)
{
    pinion_slice text = pinion_frame_wire(frame);
    pinion_frame *line =
        pinion_frame_is_binary(frame) ? pinion_frame_ref(frame) : pinion_frame_new(false, NULL, text.len + 1);
    if (line && line != frame) {
        char *body = pinion_frame_body(line);
        for (size_t i = 0; i < text.len; i++)
            body[i] = text.ptr[i] == '\n' || text.ptr[i] == '\r' ? ' ' : text.ptr[i];
        body[text.len] = '\n';
    }
    pinion_frame_unref(frame);
    return line;
}

/* ---- a client that does not read ---- */

static size_t on_waiting(void *conn)
{
    const struct lines *lines = conn;
    return pinion_stream_memory(lines->stream);
}

static void on_flush(void *conn)
{
    const struct lines *lines = conn;
    pinion_stream_flush(lines->stream);
}

static size_t on_drop(void *conn, size_t most)
{
    const struct lines *lines = conn;
    return pinion_stream_drop_broadcasts(lines->stream, most);
}

static int on_send(void *conn, pinion_frame *frame)
{
    struct lines *lines = conn;
    int rc = pinion_frame_is_binary(frame)
                 ? PINION_ENOTSUP
                 : pinion_transport_admit(lines->socket, frame, pinion_frame_memory(frame));
    if (rc == 0)
        return pinion_stream_send(lines->stream, frame);
    pinion_frame_unref(frame);
    if (rc == PINION_ECLOSED) {
        pinion_stream_drop_queue(lines->stream);
        end(lines, PINION_CLOSE_POLICY);
    }
    return rc;
}

/* ---- in ---- */

static void opened(struct lines *lines)
{
    lines->state = OPEN;
    say(lines, "ok", (pinion_slice){ "", 0 });
    pinion_stream_timeout(lines->stream, PINION_NEVER);
}

static void refused(struct lines *lines, int error, const pinion_payload *reason)
{
    pinion_slice text = { pinion_strerror(error), strlen(pinion_strerror(error)) };
    if (reason)
        text.ptr = pinion_payload_bytes(reason, &text.len);
    say(lines, "refused ", text);
    finish(lines);
}

/* The first line: connect. */
static void hello(struct lines *lines, const char *query)
{
    char peer[PINION_PEER_TEXT];
    pinion_connect_info info = { .transport = transport.name, .peer = peer };
    pinion_payload *reason = NULL;
    (void)pinion_stream_peer(lines->stream, peer, &info.peer_port);
    int rc = pinion_transport_connect(pinion_stream_endpoint(lines->stream), lines->path, &transport, lines,
                                      query, &info, &lines->socket, &reason);
    if (rc == PINION_EPENDING)
        lines->state = ASKING;
    else if (rc)
        refused(lines, rc, reason);
    else
        opened(lines);
    pinion_payload_unref(reason);
}

/* The application has answered later. */
static void on_connected(void *conn, int error, const pinion_payload *reason)
{
    struct lines *lines = conn;
    if (error) {
        refused(lines, error, reason);
        return;
    }
    opened(lines);
    pinion_stream_timeout(lines->stream, 0);
}

static bool is_delivering(const struct lines *lines)
{
    return lines->state == HELLO || lines->state == OPEN;
}

/* Deliver one line. It is terminated, and has no line end. */
static void deliver(struct lines *lines, char *line, size_t length)
{
    if (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
    if (length > lines->max_message)
        end(lines, PINION_CLOSE_TOO_BIG);
    else if (lines->state == HELLO)
        hello(lines, line);
    else if (length == 0)
        pinion_transport_seen(lines->socket);
    else
        pinion_transport_receive(lines->socket, false, line, length);
}

static void forget_if_empty(struct lines *lines)
{
    if (lines->length > 0)
        return;
    free(lines->input);
    lines->input = NULL;
}

/* Deliver whole lines, until none is left or the engine pauses us. */
static void deliver_whole(struct lines *lines)
{
    size_t at = 0;
    char *newline = NULL;
    while (is_delivering(lines) && (newline = memchr(lines->input + at, '\n', lines->length - at))) {
        char *line = lines->input + at;
        at = (size_t)(newline - lines->input) + 1;
        *newline = '\0';
        deliver(lines, line, (size_t)(newline - line));
    }
    lines->length -= at;
    memmove(lines->input, lines->input + at, lines->length);
    forget_if_empty(lines);
}

/* Deliver what may be delivered. If too much has to wait, stop reading, so that the client waits too. */
static void deliver_lines(struct lines *lines)
{
    if (lines->input)
        deliver_whole(lines);
    bool much = lines->state != OVER && lines->length > lines->max_message;
    if (much && is_delivering(lines))
        end(lines, PINION_CLOSE_TOO_BIG);
    else if (much)
        pinion_stream_pause(lines->stream);
    else
        pinion_stream_resume(lines->stream);
}

static void on_pause(void *conn, bool paused)
{
    struct lines *lines = conn;
    lines->state = paused ? PAUSED : OPEN;
    pinion_stream_timeout(lines->stream, paused ? PINION_NEVER : 0); /* do not deliver inside this call */
}

static void on_received(pinion_stream *stream, void *bytes, size_t length)
{
    struct lines *lines = pinion_stream_user(stream);
    if (lines->state == OVER)
        return;
    char *input = length ? realloc(lines->input, lines->length + length) : NULL;
    if (!input) { /* the client sends no more, or we have no memory; queued answers are still sent */
        if (lines->socket)
            pinion_transport_ended(lines->socket);
        finish(lines);
        return;
    }
    memcpy(input + lines->length, bytes, length);
    lines->input = input;
    lines->length += length;
    if (lines->state == PAUSED)
        pinion_transport_seen(lines->socket); /* it waits, and so does what it says */
    deliver_lines(lines);
}

/* ---- life ---- */

static void on_opened(pinion_stream *stream, void *path)
{
    pinion_transport_limits limits;
    int rc = pinion_transport_limits_of(pinion_stream_endpoint(stream), path, &limits);
    struct lines *lines = rc ? NULL : calloc(1, sizeof *lines);
    if (!lines) {
        pinion_stream_close(stream);
        return;
    }
    lines->stream = stream;
    lines->path = path;
    lines->max_message = limits.max_message;
    pinion_stream_set_user(stream, lines);
    pinion_stream_timeout(stream, HELLO_MS);
}

/* A client that keeps reading gets everything, also the line that says why it is closed. */
static bool may_take_longer(struct lines *lines)
{
    size_t left = pinion_stream_queued(lines->stream);
    bool sending = lines->state == OVER && lines->left > 0;
    lines->still = left < lines->left ? 0 : lines->still + 1;
    lines->left = left;
    return sending && lines->still < STILL_MAX;
}

static void on_timed_out(pinion_stream *stream)
{
    struct lines *lines = pinion_stream_user(stream);
    if (lines->state == OPEN)
        deliver_lines(lines);
    else if (may_take_longer(lines))
        pinion_stream_timeout(stream, GOODBYE_MS);
    else
        pinion_stream_close(stream);
}

/* The client has taken all that it had to wait for. */
static void on_drained(pinion_stream *stream)
{
    const struct lines *lines = pinion_stream_user(stream);
    if (lines && lines->socket)
        pinion_transport_drained(lines->socket);
}

static void on_closed(pinion_stream *stream, int error)
{
    struct lines *lines = pinion_stream_user(stream);
    (void)error;
    if (!lines)
        return;
    if (lines->socket)
        pinion_transport_ended(lines->socket);
    free(lines->input);
    free(lines);
}

static const pinion_transport transport = {
    .name = "lines",
    .frame = on_frame,
    .send = on_send,
    .connected = on_connected,
    .pause = on_pause,
    .close = on_close,
    .waiting = on_waiting,
    .flush = on_flush,
    .drop = on_drop,
};

static const pinion_stream_def stream_def = {
    .opened = on_opened,
    .received = on_received,
    .drained = on_drained,
    .timed_out = on_timed_out,
    .closed = on_closed,
};

int lines_listen(pinion_endpoint *endpoint, const char *host, uint16_t port, const char *path)
{
    return pinion_endpoint_streams(endpoint, host, port, &stream_def, (void *)path);
}

uint16_t lines_port(const pinion_endpoint *endpoint)
{
    return pinion_endpoint_stream_port(endpoint, &stream_def);
}
