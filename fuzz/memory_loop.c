/* See memory_loop.h. */
#include "memory_loop.h"
#include "endpoint/check.h"
#include "fuzz.h"
#include "io/chain.h"
#include "io/loop_int.h"
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_MAX  16384
#define EVENT_MOST 100000 /* of work for an event: its bytes, several times over */
#define TURN_MOST  500000
#define CHECK_EACH 300 /* of work between checks: idle turns cannot have broken anything */
#define TURNS_MAX  100 /* to wind down: each ends what ended in the turn before */

struct memory_conn {
    struct pinion_conn base;
    struct memory_peer *peer; /* NULL: nobody looks any more */
    bool fin_told;
    bool over; /* it was settled after it had ended: closed comes next */
};

struct memory_listener {
    struct pinion_listener base;
    int fd;
};

void (*memory_script)(void);

static struct pinion_loop *loop;
static struct pinion_listener *listener;
static size_t explained; /* work that turns may do beyond TURN_MOST, all together */

/* ---- checking ---- */

void memory_explain(size_t work)
{
    explained += work;
}

static void check_turn(size_t before)
{
    size_t done = work_so_far() - before;
    require_work_since(before, TURN_MOST + explained);
    if (done > TURN_MOST)
        explained -= done - TURN_MOST;
}

#ifdef PINION_CHECKS
static void check(bool at_once)
{
    static size_t checked;
    if (!at_once && pinion__work_done - checked < CHECK_EACH)
        return;
    PINION_CHECK(pinion__endpoint_loop_check(loop->context));
    checked = pinion__work_done;
}
#else
static void check(bool at_once)
{
}
#endif

/* ---- the peer ---- */

void memory_connect(struct memory_peer *peer)
{
    struct memory_conn *conn = allocate(sizeof *conn);
    REQUIRE(listener);
    memset(conn, 0, sizeof *conn);
    *peer = (struct memory_peer){ .conn = conn };
    pinion__buf_init(&peer->to_server, SIZE_MAX);
    conn->peer = peer;
    pinion__conn_begin(&conn->base, listener);
}

void memory_forget(struct memory_peer *peer)
{
    if (peer->conn)
        peer->conn->peer = NULL;
    pinion__buf_release(&peer->to_server);
    *peer = (struct memory_peer){ 0 };
}

void memory_connect_anew(struct memory_peer *peer)
{
    memory_forget(peer);
    memory_connect(peer);
    peer->room = SIZE_MAX;
}

static void came(struct memory_peer *peer, const char *bytes, size_t len)
{
    size_t kept = sizeof peer->last - 1;
    if (peer->came < sizeof peer->first) {
        size_t part = sizeof peer->first - peer->came;
        memcpy(peer->first + peer->came, bytes, len < part ? len : part);
    }
    peer->came += len;
    if (len > kept) {
        bytes += len - kept;
        len = kept;
    }
    if (peer->last_len + len > kept) {
        size_t drop = peer->last_len + len - kept;
        memmove(peer->last, peer->last + drop, peer->last_len - drop);
        peer->last_len -= drop;
    }
    memcpy(peer->last + peer->last_len, bytes, len);
    peer->last_len += len;
    peer->last[peer->last_len] = '\0';
}

/* ---- sending ---- */

static void flush(struct pinion_conn *base)
{
    struct memory_conn *conn = (struct memory_conn *)base;
    size_t room = conn->peer ? conn->peer->room : SIZE_MAX;
    while (room > 0 && !pinion__outbox_empty(&base->outbox)) {
        struct iovec iov;
        size_t bytes;
        REQUIRE(pinion__outbox_gather(&base->outbox, &iov, 1, &bytes) == 1 && bytes > 0);
        size_t taken = bytes < room ? bytes : room;
        if (conn->peer) {
            came(conn->peer, iov.iov_base, taken);
            conn->peer->room -= taken;
            room = conn->peer->room;
        }
        pinion__conn_sent(base, taken);
    }
    base->blocked = !pinion__outbox_empty(&base->outbox);
}

static void flush_again(struct memory_conn *conn)
{
    struct pinion_conn *base = &conn->base;
    if (!base->blocked || (conn->peer && conn->peer->room == 0))
        return;
    flush(base);
    if (base->blocked)
        return;
    pinion__conn_unsettle(base);
    if (base->events->drained)
        base->events->drained(base);
}

/* ---- receiving ---- */

/* In a block of its own, so that AddressSanitizer finds an access one byte beyond. */
static void deliver_piece(struct memory_conn *conn, size_t len)
{
    uint8_t *bytes = allocate(len);
    memcpy(bytes, conn->peer->to_server.data, len);
    pinion__buf_consume(&conn->peer->to_server, len);
    size_t before = work_so_far();
    conn->base.events->data(&conn->base, bytes, len);
    require_work_since(before, EVENT_MOST);
    free(bytes);
}

static void deliver(struct memory_conn *conn)
{
    struct memory_peer *peer = conn->peer;
    struct pinion_conn *base = &conn->base;
    size_t most = peer && peer->piece ? peer->piece : PIECE_MAX;
    if (!peer || base->ending)
        return;
    if (peer->reset) {
        pinion__conn_end(base, PINION_EIO);
        return;
    }
    if (base->paused && !peer->late)
        return;
    peer->late = false;
    if (peer->to_server.len > 0)
        deliver_piece(conn, peer->to_server.len < most ? peer->to_server.len : most);
    if (peer->to_server.len > 0 || !peer->fin || conn->fin_told || base->ending || base->paused)
        return;
    conn->fin_told = true;
    base->events->data(base, (uint8_t[]){ 0 }, 0);
}

/* ---- a turn ---- */

static void finish(struct memory_conn *conn)
{
    if (conn->peer)
        conn->peer->conn = NULL;
    assert(!pinion__chained(&conn->base));
    pinion__conn_finish(&conn->base);
    free(conn);
}

static void settle(struct memory_conn *conn)
{
    struct pinion_conn *base = &conn->base;
    if (!base->ending && pinion__conn_sends(base))
        flush(base);
    if (conn->peer && base->finishing && pinion__outbox_empty(&base->outbox))
        conn->peer->fin_came = true;
    conn->over = base->ending;
}

static void settle_all(void)
{
    while (loop->unsettled.first)
        settle((struct memory_conn *)pinion__chain_take(&loop->unsettled));
}

uint64_t memory_turn(void)
{
    PINION_LIST_FOREACH_SAFE (link, &loop->conns) {
        struct memory_conn *conn = (struct memory_conn *)PINION_CONTAINER_OF(link, struct pinion_conn, link);
        if (conn->over) {
            finish(conn);
            continue;
        }
        if (!conn->base.ending)
            flush_again(conn);
        deliver(conn);
    }
    size_t before = work_so_far();
    uint64_t wait = loop->events->turn(loop->context);
    settle_all();
    check_turn(before);
    check(false);
    return wait;
}

bool memory_stopping(void)
{
    return loop->stopping;
}

void memory_use(struct pinion_loop *running)
{
    loop = running;
}

/* ---- the engine ---- */

static int create(struct pinion_loop **out, const struct pinion_loop_options *options)
{
    *out = calloc(1, sizeof **out);
    return *out ? 0 : PINION_ENOMEM;
}

static void destroy(struct pinion_loop *old)
{
    free(old);
}

static int run(struct pinion_loop *running)
{
    loop = running;
    explained = 0;
    memory_script();
    loop = running;
    loop->stopping = true;
    for (int turns = 0; !pinion__loop_wind_down(loop); turns++) {
        REQUIRE(turns < TURNS_MAX);
        settle_all();
        (void)memory_turn();
    }
    check(true);
    loop = NULL;
    return 0;
}

static void wake(struct pinion_loop *woken)
{
}

static int listen_on(struct pinion_loop *on, int fd, struct pinion_listener **out)
{
    struct memory_listener *made = calloc(1, sizeof *made);
    if (!made)
        return PINION_ENOMEM;
    made->fd = fd;
    listener = &made->base;
    *out = listener;
    return 0;
}

static void listener_close(struct pinion_listener *old)
{
    close(((struct memory_listener *)old)->fd);
    if (listener == old)
        listener = NULL;
    free(old);
}

static size_t read_more(struct pinion_conn *conn, bool *more)
{
    abort(); /* no connection is busy here */
}

static void peer_of(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    *v4 = (struct sockaddr_in){ .sin_family = AF_INET };
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *len = sizeof *v4;
}

static int no_fd(const struct pinion_conn *conn)
{
    return -1;
}

const struct pinion_loop_ops memory_engine = {
    .name = "memory",
    .create = create,
    .destroy = destroy,
    .run = run,
    .wake = wake,
    .listen = listen_on,
    .listener_close = listener_close,
    .flush = flush,
    .read = read_more,
    .peer = peer_of,
    .fd = no_fd,
};
