#include "engine/sweep.h"
#include "base/log_limit.h"
#include "engine/socket_end.h"
#include "engine/who.h"
#include <assert.h>
#include <stdlib.h>

#define ROUNDS   16  /* how often each socket is looked at in one timeout */
#define TICKS    16  /* in how many ticks one round is done */
#define TICK_MIN 5   /* ms */
#define TICK_MAX 250 /* ms */

static uint32_t timeout_of(const struct pinion_socket *socket)
{
    return socket->class->transport->finds_idle ? PINION_NEVER : socket->class->mount->options.timeout_ms;
}

/* The sweep of this timeout. There are few, since mounts have few different timeouts. */
static struct pinion_sweep *find(const struct pinion_shard *shard, uint32_t timeout_ms)
{
    struct pinion_sweep *sweep = shard->sweeps;
    while (sweep && sweep->timeout_ms != timeout_ms)
        sweep = sweep->next;
    return sweep;
}

static uint32_t round_ms(const struct pinion_sweep *sweep)
{
    uint32_t round = sweep->timeout_ms / ROUNDS;
    return round > TICK_MIN ? round : TICK_MIN;
}

static uint32_t tick_ms(const struct pinion_sweep *sweep)
{
    uint32_t tick = round_ms(sweep) / TICKS;
    return tick < TICK_MIN ? TICK_MIN : tick > TICK_MAX ? TICK_MAX : tick;
}

/* How many sockets to look at in this tick: a part of those that were there when the round began. A part of
 * those that are left would be too small when sockets end during the round: it would not reach all of them.
 */
static size_t share(struct pinion_sweep *sweep)
{
    size_t ticks = round_ms(sweep) / tick_ms(sweep);
    if (sweep->left == 0) {
        sweep->left = ticks;
        sweep->share = (sweep->count + ticks - 1) / ticks;
    }
    sweep->left--;
    return sweep->share;
}

static bool is_silent(const struct pinion_sweep *sweep, const struct pinion_socket *socket, uint64_t now)
{
    uint64_t seen = pinion__socket_seen_at(socket);
    return now >= seen + sweep->timeout_ms &&
           pinion__scheduler_since(sweep->shard->scheduler, seen) >= sweep->timeout_ms;
}

static void look(const struct pinion_sweep *sweep, struct pinion_socket *socket, uint64_t now)
{
    if (socket->state != PINION_SOCKET_OPEN || socket->unread || !is_silent(sweep, socket, now))
        return;
    PINION_LOG_LIMITED(PINION_LOG_INFO, "socket %s: the client was silent for %u ms: closed (%s)",
                       socket->class->mount->path, sweep->timeout_ms, PINION_WHO_OF(socket));
    pinion__socket_because(socket, PINION_CAUSE_SILENT);
    pinion__socket_close(socket, PINION_CLOSE_PROTOCOL);
}

/* Turn the ring, so that it begins after those that were looked at. */
static void turn(struct pinion_list *ring, struct pinion_list *next)
{
    if (next == ring)
        return;
    pinion__list_remove(ring);
    pinion__list_append(next, ring);
}

/* Closing a socket takes only this one out of the ring. */
static void on_tick(struct pinion_timer *timer)
{
    struct pinion_sweep *sweep = PINION_CONTAINER_OF(timer, struct pinion_sweep, timer);
    uint64_t now = pinion__scheduler_roughly(sweep->shard->scheduler);
    struct pinion_list *node = sweep->sockets.next;
    for (size_t left = share(sweep); left > 0 && node != &sweep->sockets; left--) {
        struct pinion_socket *socket = PINION_CONTAINER_OF(node, struct pinion_socket, node);
        node = node->next;
        look(sweep, socket, now);
    }
    turn(&sweep->sockets, node);
    if (sweep->count > 0)
        pinion__scheduler_deadline(sweep->shard->scheduler, timer, tick_ms(sweep));
}

static struct pinion_sweep *sweep_new(struct pinion_shard *shard, uint32_t timeout_ms)
{
    struct pinion_sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return NULL;
    sweep->shard = shard;
    sweep->timeout_ms = timeout_ms;
    pinion__list_init(&sweep->sockets);
    pinion__timer_init(&sweep->timer, on_tick);
    sweep->next = shard->sweeps;
    shard->sweeps = sweep;
    return sweep;
}

int pinion__sweep_add(struct pinion_socket *socket)
{
    struct pinion_shard *shard = socket->shard;
    struct pinion_sweep *sweep = find(shard, timeout_of(socket));
    if (!sweep)
        sweep = sweep_new(shard, timeout_of(socket));
    if (!sweep)
        return PINION_ENOMEM;
    pinion__list_append(&sweep->sockets, &socket->node);
    sweep->count++;
    if (sweep->timeout_ms != PINION_NEVER && !pinion__timer_active(&sweep->timer))
        pinion__scheduler_deadline(shard->scheduler, &sweep->timer, tick_ms(sweep));
    return 0;
}

void pinion__sweep_remove(struct pinion_socket *socket)
{
    struct pinion_sweep *sweep = find(socket->shard, timeout_of(socket));
    pinion__list_remove(&socket->node);
    sweep->count--;
}

struct pinion_socket *pinion__sweep_first(const struct pinion_shard *shard)
{
    for (const struct pinion_sweep *sweep = shard->sweeps; sweep; sweep = sweep->next) {
        if (!pinion__list_empty(&sweep->sockets))
            return PINION_CONTAINER_OF(sweep->sockets.next, struct pinion_socket, node);
    }
    return NULL;
}

void pinion__sweep_release(struct pinion_shard *shard)
{
    while (shard->sweeps) {
        struct pinion_sweep *sweep = shard->sweeps;
        assert(sweep->count == 0);
        pinion__timer_cancel(&sweep->timer);
        shard->sweeps = sweep->next;
        free(sweep);
    }
}
