#include "endpoint/drain.h"
#include "actor/actors.h"
#include "base/clock.h"
#include "base/log.h"
#include "endpoint/endpoint.h"
#include "endpoint/listeners.h"
#include "endpoint/stream.h"
#include "process/notify.h"
#include <pinion/transport.h>

#define GRACE_MS 1000 /* more time than the closing handshake has */
#define LOOK_MS  250  /* how often to look whether somebody still reads */

/* A connection may have been accepted just before. Its first request is then on its way for a round trip. It
 * is answered, since the connection was accepted. */
#define FRESH_MS      300
#define FRESH_STEP_MS 10

/* While another process serves, a connection that is kept open may be used for one more request, whose answer
 * says `connection: close`. If it was closed instead, a request that is on its way would be lost. */
#define ASKED_MS 1000

static struct pinion_endpoint_loop *loop_of(struct pinion_timer *timer)
{
    return PINION_CONTAINER_OF(timer, struct pinion_endpoint_loop, drain.timer);
}

static void next_step(struct pinion_endpoint_loop *loop, void (*step)(struct pinion_timer *timer),
                      uint64_t ms)
{
    pinion__timer_init(&loop->drain.timer, step);
    pinion__scheduler_timer(loop->scheduler, &loop->drain.timer, ms);
}

/* How many bytes the peers of this loop have acknowledged, all together. */
static uint64_t acked(const struct pinion_endpoint_loop *loop)
{
    return pinion__loop_acked(atomic_load_explicit(&loop->io, memory_order_relaxed));
}

static uint64_t patience(const struct pinion_endpoint_loop *loop)
{
    return (uint64_t)loop->endpoint->options.close_timeout_ms + GRACE_MS;
}

/* While clients read what is left, or wait for an answer, they have time until the drain has to end. Without
 * any progress they have as long as a close may take. */
static void on_look(struct pinion_timer *timer)
{
    struct pinion_endpoint_loop *loop = loop_of(timer);
    struct pinion_drain *drain = &loop->drain;
    uint64_t now = pinion__scheduler_now(loop->scheduler), bytes = acked(loop);
    if (bytes > drain->acked || pinion__http_awaits_answers(&loop->http)) {
        drain->acked = bytes;
        drain->waits_until = pinion__earlier(now + patience(loop), drain->ends_at);
    }
    if (now < drain->waits_until)
        next_step(loop, on_look, pinion__earlier(drain->waits_until - now, LOOK_MS));
    else
        drain->overdue = true;
}

/* The sockets are closed. Now stop HTTP and the streams. */
static void finish(struct pinion_endpoint_loop *loop)
{
    struct pinion_drain *drain = &loop->drain;
    drain->drained = true;
    loop->shard->closing = true;
    pinion__http_stop(&loop->http);
    pinion__streams_stop(loop);
    drain->acked = acked(loop);
    drain->waits_until = pinion__scheduler_now(loop->scheduler) + patience(loop);
    if (drain->ends_at < drain->waits_until)
        drain->ends_at = drain->waits_until;
    next_step(loop, on_look, LOOK_MS);
}

/* Each loop has an equal part of a batch, at least one socket. */
static size_t batch_of(const struct pinion_endpoint_loop *loop)
{
    size_t batch = loop->endpoint->options.drain_batch / loop->endpoint->loop_count;
    return batch ? batch : 1;
}

static size_t sockets_of(const struct pinion_endpoint_loop *loop)
{
    return atomic_load_explicit(&loop->shard->counters.sockets, memory_order_relaxed);
}

static void on_batch(struct pinion_timer *timer);

/* Another process serves by the same sockets, or will at once. */
static bool is_replaced(const struct pinion_endpoint_loop *loop)
{
    const struct pinion_pubsub *pubsub = &loop->endpoint->hub.pubsub;
    return loop->endpoint->sibling.key[0] && pinion__sibling_possible() && !pinion__pubsub_is_alone(pubsub);
}

static bool awaits_requests(const struct pinion_endpoint_loop *loop, uint64_t now)
{
    if (now < loop->drain.asked_until && pinion__http_awaits_any(&loop->http))
        return true;
    return now < loop->drain.fresh_until && pinion__http_awaits_first(&loop->http);
}

static void close_batch(struct pinion_endpoint_loop *loop)
{
    uint64_t now = pinion__scheduler_now(loop->scheduler), left = loop->drain.ends_at - now;
    const pinion_endpoint_options *options = &loop->endpoint->options;
    bool last = now >= loop->drain.ends_at;
    size_t batch = last ? SIZE_MAX : batch_of(loop);
    loop->shard->closing = last || now >= loop->drain.asked_until; /* until then, who comes is let in first */
    if (sockets_of(loop) <= batch)
        pinion__http_say_last(
            &loop->http); /* before polls are answered: their clients would ask again here */
    if (pinion__shard_close_sockets(loop->shard, PINION_CLOSE_RESTART, batch))
        next_step(loop, on_batch, left < options->drain_interval_ms ? left : options->drain_interval_ms);
    else if (!last && awaits_requests(loop, now))
        next_step(loop, on_batch, FRESH_STEP_MS);
    else
        finish(loop);
}

static void on_batch(struct pinion_timer *timer)
{
    close_batch(loop_of(timer));
}

static void start_closing(struct pinion_endpoint_loop *loop)
{
    loop->drain.ends_at = pinion__scheduler_now(loop->scheduler) + loop->endpoint->options.drain_timeout_ms;
    loop->drain.fresh_until = pinion__scheduler_now(loop->scheduler) + FRESH_MS;
    loop->drain.asked_until = is_replaced(loop) ? pinion__scheduler_now(loop->scheduler) + ASKED_MS : 0;
    pinion__listeners_close(loop);
    pinion__http_drain(&loop->http, loop->drain.asked_until > 0);
    close_batch(loop);
}

static void on_delay(struct pinion_timer *timer)
{
    start_closing(loop_of(timer));
}

void pinion__drain_tell(struct pinion_endpoint *endpoint)
{
    if (endpoint->notifies)
        pinion__notify_stopping();
    endpoint->notifies = false;
}

void pinion__drain_init(struct pinion_drain *drain)
{
    pinion__timer_init(&drain->timer, NULL);
}

void pinion__drain_begin(struct pinion_endpoint_loop *loop)
{
    uint32_t delay = loop->endpoint->options.drain_delay_ms;
    loop->stopping = true;
    if (loop == loop->endpoint->loops) /* this one runs on the thread of run() */
        pinion__drain_tell(loop->endpoint);
    if (delay)
        next_step(loop, on_delay, delay);
    else
        start_closing(loop);
}

void pinion__drain_cancel(struct pinion_endpoint_loop *loop)
{
    pinion__timer_cancel(&loop->drain.timer);
}

bool pinion__drain_over(const struct pinion_endpoint_loop *loop)
{
    const struct pinion_loop *io = atomic_load_explicit(&loop->io, memory_order_relaxed);
    size_t channels = atomic_load_explicit(&loop->shard->counters.channels, memory_order_relaxed);
    if (!loop->drain.drained || channels > 0 || loop->http.works > 0)
        return false;
    if (!loop->drain.overdue && pinion__http_awaits_answers(&loop->http))
        return false; /* an actor may give them */
    if (!pinion__actors_over(loop->shard)) {
        if (loop->drain.overdue)
            pinion__actors_hurry(loop->shard);
        return false;
    }
    pinion__begun_last(&loop->shard->begun);
    if (pinion__begun_any(&loop->shard->begun))
        return false;
    return loop->drain.overdue || pinion__loop_connections(io) == 0;
}
