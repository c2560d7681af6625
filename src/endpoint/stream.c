#include "endpoint/stream.h"
#include "base/misuse.h"
#include "base/quarantine.h"
#include "base/sized.h"
#include "endpoint/listeners.h"
#include "io/peer.h"
#include <assert.h>
#include <stdlib.h>

static_assert(PINION_PEER_TEXT == INET6_ADDRSTRLEN, "an address fits");

struct pinion_stream_listener {
    struct pinion_stream_listener *next; /* of the same endpoint */
    const pinion_stream_def *theirs;     /* the program's definition */
    pinion_stream_def def;               /* our copy of it */
    void *data;
    char *host; /* NULL: all addresses */
    uint16_t port;
    uint16_t bound; /* the port it listens on; 0: it does not yet */
};

struct pinion_stream {
    struct pinion_conn *conn;
    struct pinion_endpoint_loop *loop;
    const pinion_stream_def *def;
    void *user;
    struct pinion_list node; /* in loop->streams */
    struct pinion_timer timer;
    bool eof;       /* the peer sends no more */
    bool finishing; /* our side ends once the queue is sent */
    bool over;      /* it is closed: only the `closed` callback follows */
};

/* ---- listening ---- */

static int check(const struct pinion_endpoint *endpoint, const pinion_stream_def *def)
{
    if (endpoint->state != PINION_ENDPOINT_NEW)
        return pinion__fail(
            PINION_EINVAL,
            "declare streams before the endpoint listens; one that belongs to a test has none");
    if (!def->received || !def->closed)
        return pinion__fail(PINION_EINVAL, "a stream definition lacks received or closed");
    return 0;
}

static int add_listener(pinion_endpoint *endpoint, const char *host, uint16_t port,
                        const pinion_stream_def *theirs, void *data, size_t size)
{
    pinion_stream_def def;
    int rc = PINION_TAKE(pinion_stream_def, &def, theirs, size);
    if (!rc)
        rc = check(endpoint, &def);
    if (rc)
        return rc;
    struct pinion_stream_listener *listener = calloc(1, sizeof *listener);
    if (!listener || (host && !(listener->host = strdup(host)))) {
        free(listener);
        return PINION_ENOMEM;
    }
    listener->theirs = theirs;
    listener->def = def;
    listener->data = data;
    listener->port = port;
    struct pinion_stream_listener **end = &endpoint->stream_listeners;
    while (*end)
        end = &(*end)->next;
    *end = listener;
    return 0;
}

int pinion_endpoint_streams_sized(pinion_endpoint *endpoint, const char *host, uint16_t port,
                                  const pinion_stream_def *theirs, void *data, size_t size)
{
    PINION_NEEDED(endpoint);
    PINION_RULE(theirs, return PINION_EINVAL, "def is NULL");
    PINION_RETURN(add_listener(endpoint, host, port, theirs, data, size));
}

uint16_t pinion_endpoint_stream_port(const pinion_endpoint *endpoint, const pinion_stream_def *def)
{
    PINION_NEED(endpoint, return 0);
    PINION_NEED(def, return 0);
    const struct pinion_stream_listener *listener = endpoint->stream_listeners;
    while (listener && listener->theirs != def)
        listener = listener->next;
    return listener ? listener->bound : 0;
}

int pinion__stream_listeners_open(struct pinion_endpoint *endpoint)
{
    struct pinion_stream_listener *at;
    int rc = 0;
    for (at = endpoint->stream_listeners; at && !rc; at = at->next)
        rc = pinion__listeners_add(endpoint, at, at->host, at->port, &at->bound);
    return rc;
}

void pinion__stream_listeners_unbind(struct pinion_endpoint *endpoint)
{
    for (struct pinion_stream_listener *at = endpoint->stream_listeners; at; at = at->next)
        at->bound = 0;
}

void pinion__stream_listeners_free(struct pinion_endpoint *endpoint)
{
    while (endpoint->stream_listeners) {
        struct pinion_stream_listener *listener = endpoint->stream_listeners;
        endpoint->stream_listeners = listener->next;
        free(listener->host);
        free(listener);
    }
}

/* ---- events ---- */

/* Close when both sides send no more, and the kernel has all of our bytes. */
static void close_if_done(struct pinion_stream *stream)
{
    if (stream->eof && stream->finishing && pinion__conn_flush(stream->conn) == 0)
        pinion_stream_close(stream);
}

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    struct pinion_stream *stream = pinion__conn_user(conn);
    stream->eof = len == 0;
    stream->def->received(stream, bytes, len);
    close_if_done(stream);
}

static void on_drained(struct pinion_conn *conn)
{
    struct pinion_stream *stream = pinion__conn_user(conn);
    if (stream->def->drained)
        stream->def->drained(stream);
    close_if_done(stream);
}

static void on_closed(struct pinion_conn *conn, int error)
{
    struct pinion_stream *stream = pinion__conn_user(conn);
    pinion_stream_close(stream);
    stream->def->closed(stream, error);
    pinion__list_remove(&stream->node);
    pinion__pool_bury(&stream->loop->shard->pool, stream, sizeof *stream);
}

static const struct pinion_conn_events events = {
    .data = on_data,
    .drained = on_drained,
    .closed = on_closed,
};

static void on_timer(struct pinion_timer *timer)
{
    struct pinion_stream *stream = PINION_CONTAINER_OF(timer, struct pinion_stream, timer);
    if (stream->def->timed_out)
        stream->def->timed_out(stream);
    else
        pinion_stream_close(stream);
}

/* Without memory the connection is closed. */
void pinion__stream_accept(struct pinion_endpoint_loop *loop, struct pinion_stream_listener *listener,
                           struct pinion_conn *conn)
{
    struct pinion_stream *stream = pinion__pool_take(&loop->shard->pool, sizeof *stream);
    if (!stream)
        return;
    stream->conn = conn;
    stream->loop = loop;
    stream->def = &listener->def;
    pinion__timer_init(&stream->timer, on_timer);
    pinion__list_append(&loop->streams, &stream->node);
    pinion__conn_attach(conn, &events, stream);
    if (stream->def->opened)
        stream->def->opened(stream, listener->data);
}

void pinion__streams_stop(struct pinion_endpoint_loop *loop)
{
    PINION_LIST_FOREACH (node, &loop->streams)
        pinion_stream_shutdown(PINION_CONTAINER_OF(node, struct pinion_stream, node));
}

/* ---- acts ---- */

#define ELSEWHERE "called on a thread that is not the loop of the stream: use pinion_endpoint_post"

#define ON_LOOP(stream, otherwise)                                                                           \
    PINION_NOT_GONE(stream, "the stream has ended: its memory lives until closed has returned");             \
    PINION_RULE(pinion__scheduler_on_thread((stream)->loop->scheduler), otherwise, ELSEWHERE)

/* For functions that return no code. Only builds with checks look at the thread. */
#ifdef PINION_CHECKS
#define CHECK_STREAM(stream, otherwise)                                                                      \
    PINION_NEED(stream, otherwise);                                                                          \
    ON_LOOP(stream, otherwise)
#else
#define CHECK_STREAM(stream, otherwise) PINION_NEED(stream, otherwise)
#endif

void pinion_stream_set_user(pinion_stream *stream, void *user)
{
    CHECK_STREAM(stream, return );
    stream->user = user;
}

void *pinion_stream_user(const pinion_stream *stream)
{
    CHECK_STREAM(stream, return NULL);
    return stream->user;
}

pinion_endpoint *pinion_stream_endpoint(const pinion_stream *stream)
{
    CHECK_STREAM(stream, return NULL);
    return stream->loop->endpoint;
}

static int frame_lost(pinion_frame *frame)
{
    pinion__frame_unref(frame);
    return PINION_EINVAL;
}

static int unsent(int code)
{
    return pinion__fail(code, "pinion_stream_send: %s",
                        code == PINION_ECLOSED ? "the stream was closed or shut down, or it broke"
                                               : pinion_strerror(code));
}

int pinion_stream_send(pinion_stream *stream, pinion_frame *frame)
{
    PINION_NEED(stream, return frame_lost(frame));
    ON_LOOP(stream, return frame_lost(frame));
    int rc = frame ? pinion__conn_queue(stream->conn, frame) : PINION_ENOMEM;
    return rc ? unsent(rc) : 0;
}

size_t pinion_stream_queued(const pinion_stream *stream)
{
    CHECK_STREAM(stream, return 0);
    return pinion__conn_queued(stream->conn);
}

size_t pinion_stream_memory(const pinion_stream *stream)
{
    CHECK_STREAM(stream, return 0);
    return pinion__conn_memory(stream->conn);
}

size_t pinion_stream_flush(pinion_stream *stream)
{
    CHECK_STREAM(stream, return 0);
    return pinion__conn_flush(stream->conn);
}

void pinion_stream_drop_queue(pinion_stream *stream)
{
    CHECK_STREAM(stream, return );
    pinion__conn_drop_queue(stream->conn);
}

size_t pinion_stream_drop_broadcasts(pinion_stream *stream, size_t most)
{
    CHECK_STREAM(stream, return 0);
    return pinion__conn_drop_oldest(stream->conn, most);
}

void pinion_stream_pause(pinion_stream *stream)
{
    CHECK_STREAM(stream, return );
    pinion__conn_pause(stream->conn);
}

void pinion_stream_resume(pinion_stream *stream)
{
    CHECK_STREAM(stream, return );
    pinion__conn_resume(stream->conn);
}

void pinion_stream_shutdown(pinion_stream *stream)
{
    CHECK_STREAM(stream, return );
    stream->finishing = true;
    pinion__conn_shutdown(stream->conn);
    close_if_done(stream);
}

void pinion_stream_close(pinion_stream *stream)
{
    CHECK_STREAM(stream, return );
    stream->over = true;
    pinion__timer_cancel(&stream->timer);
    pinion__conn_close(stream->conn);
}

void pinion_stream_timeout(pinion_stream *stream, uint32_t ms)
{
    CHECK_STREAM(stream, return );
    if (ms == PINION_NEVER || stream->over)
        pinion__timer_cancel(&stream->timer);
    else
        pinion__scheduler_deadline(stream->loop->scheduler, &stream->timer, ms);
}

const char *pinion_stream_peer(const pinion_stream *stream, char text[PINION_PEER_TEXT], uint16_t *port)
{
    uint8_t address[16];
    PINION_NEED(text, return "");
    text[0] = '\0';
    PINION_NEED(port, return text);
    *port = 0;
    CHECK_STREAM(stream, return text);
    if (pinion__peer_of(stream->conn, address, port))
        pinion__peer_text(address, text);
    return text;
}
