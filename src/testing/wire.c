#include "testing/wire.h"
#include "io/chain.h"
#include "io/loop_int.h"
#include <stdlib.h>
#include <sys/uio.h>

#define PIECES 16 /* frames that are taken in one go */

struct pinion_wire {
    struct pinion_loop loop;
    struct pinion_listener listener; /* a connection begins at one */
};

struct pinion_wire_conn {
    struct pinion_conn base;
    struct pinion_wire_client *client;
    bool fin_told; /* the server knows that the client sends no more */
    bool over;     /* it was settled after it had ended: closed comes next */
    bool news;     /* the client is to hear of what came */
};

static struct pinion_wire_conn *wire_conn(struct pinion_list *link)
{
    return (struct pinion_wire_conn *)PINION_CONTAINER_OF(link, struct pinion_conn, link);
}

/* ---- from the server ---- */

/* False when there is no memory. */
static bool take(struct pinion_wire_client *client, const struct iovec *iov, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pinion__buf_append(&client->came, iov[i].iov_base, iov[i].iov_len) != 0)
            return false;
    }
    return true;
}

static void flush(struct pinion_conn *base)
{
    struct pinion_wire_conn *conn = (struct pinion_wire_conn *)base;
    while (!pinion__outbox_empty(&base->outbox)) {
        struct iovec iov[PIECES];
        size_t bytes, count = pinion__outbox_gather(&base->outbox, iov, PIECES, &bytes);
        if (!take(conn->client, iov, count)) {
            conn->client->starved = true;
            pinion__conn_end(base, PINION_ENOMEM);
            return;
        }
        pinion__conn_sent(base, bytes);
    }
    conn->news = true;
}

static void settle(struct pinion_wire_conn *conn)
{
    struct pinion_conn *base = &conn->base;
    if (!base->ending && pinion__conn_sends(base))
        flush(base);
    if (base->finishing && !conn->client->ended && pinion__outbox_empty(&base->outbox))
        conn->news = conn->client->ended = true;
    conn->over = base->ending;
}

/* ---- to the server ---- */

static bool has_fin(const struct pinion_wire_conn *conn)
{
    return conn->client->leaving && !conn->fin_told && conn->client->sent.len == 0;
}

static bool has_something(const struct pinion_wire_conn *conn)
{
    const struct pinion_conn *base = &conn->base;
    if (conn->over)
        return true;
    if (base->ending)
        return false;
    return base->paused ? conn->client->leaving : conn->client->sent.len > 0 || has_fin(conn);
}

/* In a block of its own, so that a sanitizer finds an access beyond. */
static void deliver_piece(struct pinion_wire_conn *conn)
{
    struct pinion_buf *sent = &conn->client->sent;
    size_t len = sent->len < PINION_RECV_SHARE ? sent->len : PINION_RECV_SHARE;
    uint8_t *bytes = malloc(len);
    if (!bytes) {
        pinion__conn_end(&conn->base, PINION_ENOMEM);
        return;
    }
    memcpy(bytes, sent->data, len);
    pinion__buf_consume(sent, len);
    conn->base.events->data(&conn->base, bytes, len);
    free(bytes);
}

static void deliver(struct pinion_wire_conn *conn)
{
    if (conn->base.paused) {
        pinion__conn_end(&conn->base, PINION_EIO); /* who leaves does not wait for the server to read */
    } else if (conn->client->sent.len > 0) {
        deliver_piece(conn);
    } else {
        conn->fin_told = true;
        conn->base.events->data(&conn->base, (uint8_t[]){ 0 }, 0);
    }
}

static void finish(struct pinion_wire_conn *conn)
{
    struct pinion_wire_client *client = conn->client;
    client->conn = NULL;
    client->ended = true;
    pinion__conn_finish(&conn->base);
    free(conn);
    client->received(client);
}

/* ---- a turn ---- */

void pinion__wire_deliver(struct pinion_wire *wire)
{
    PINION_LIST_FOREACH_SAFE (link, &wire->loop.conns) {
        struct pinion_wire_conn *conn = wire_conn(link);
        if (conn->over)
            finish(conn);
        else if (has_something(conn))
            deliver(conn);
    }
}

static void tell(struct pinion_wire_conn *conn)
{
    if (!conn->news)
        return;
    conn->news = false;
    conn->client->received(conn->client);
}

static void settle_all(struct pinion_wire *wire)
{
    while (wire->loop.unsettled.first)
        settle((struct pinion_wire_conn *)pinion__chain_take(&wire->loop.unsettled));
}

bool pinion__wire_settle(struct pinion_wire *wire)
{
    bool more = false;
    settle_all(wire);
    PINION_LIST_FOREACH (link, &wire->loop.conns) {
        tell(wire_conn(link));
        more = has_something(wire_conn(link)) || more;
    }
    return more;
}

/* ---- clients ---- */

int pinion__wire_connect(struct pinion_wire *wire, struct pinion_wire_client *client)
{
    struct pinion_wire_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return PINION_ENOMEM;
    conn->client = client;
    client->conn = conn;
    pinion__conn_begin(&conn->base, &wire->listener);
    return 0;
}

void pinion__wire_leave(struct pinion_wire_client *client)
{
    client->leaving = true;
}

void pinion__wire_reset(struct pinion_wire_client *client)
{
    if (client->conn)
        pinion__conn_end(&client->conn->base, PINION_EIO);
}

/* ---- the engine ---- */

static int create(struct pinion_loop **out, const struct pinion_loop_options *options)
{
    struct pinion_wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return PINION_ENOMEM;
    wire->listener.loop = &wire->loop;
    *out = &wire->loop;
    return 0;
}

static void destroy(struct pinion_loop *loop)
{
    free(loop);
}

static void peer(const struct pinion_conn *base, struct sockaddr_storage *address, socklen_t *len)
{
    *address = ((const struct pinion_wire_conn *)base)->client->address;
    *len = address->ss_family == AF_UNSPEC ? 0 : sizeof *address;
}

static int no_fd(const struct pinion_conn *conn)
{
    return -1;
}

/* It is not run, so that the rest of the table is not called. */
static const struct pinion_loop_ops engine = {
    .name = "wire",
    .create = create,
    .destroy = destroy,
    .flush = flush,
    .peer = peer,
    .fd = no_fd,
};

int pinion__wire_new(struct pinion_wire **out, const struct pinion_loop_events *events, void *context)
{
    struct pinion_loop *loop = NULL;
    const struct pinion_loop_options options = { .events = events, .context = context };
    int rc = pinion__loop_new(&loop, &engine, &options);
    if (!rc)
        *out = (struct pinion_wire *)loop;
    return rc;
}

void pinion__wire_free(struct pinion_wire *wire)
{
    pinion__loop_free(wire ? &wire->loop : NULL);
}

bool pinion__wire_is_used(const struct pinion_wire *wire)
{
    return wire->loop.connections > 0;
}
