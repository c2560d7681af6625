#include "engine/rates.h"
#include "base/log_limit.h"
#include "engine/socket_end.h"
#include "engine/socket_extra.h"
#include "engine/who.h"

#define HOLD_MS   100   /* how long frames are held back */
#define PAUSE_MS  1000  /* after so long without being held back, a client has a clean slate */
#define GIVEN_UP  30000 /* a client is closed when it was held back again and again for so many ms */
#define PER_MS    1000u /* the overhead's clock counts microseconds in 32 bits, and wraps */
#define PER_S     1000000u
#define BURST_MAX (1u << 30) /* microseconds; far below where the clock wraps */

/* ---- buckets ---- */

static bool take_quietly(const struct pinion_shard *shard, struct pinion_bucket *bucket,
                         const pinion_rate *rate)
{
    uint32_t burst = rate->burst ? rate->burst : rate->per_second;
    return pinion__bucket_take(bucket, rate->per_second, burst, pinion__scheduler_roughly(shard->scheduler));
}

static bool take(struct pinion_shard *shard, struct pinion_bucket *bucket, const pinion_rate *rate)
{
    if (take_quietly(shard, bucket, rate))
        return true;
    PINION_COUNT(shard, rate_limited, 1);
    return false;
}

/* NULL when there is no such limit. NULL also when out of memory: not to limit a client is the lesser harm.
 */
static struct pinion_socket_rates *rates_for(struct pinion_socket *socket, const pinion_rate *rate)
{
    return rate->per_second == 0 ? NULL : pinion__socket_rates(socket);
}

bool pinion__rate_message(struct pinion_socket *socket)
{
    const pinion_rate *rate = &socket->class->mount->options.messages;
    struct pinion_socket_rates *rates = rates_for(socket, rate);
    return !rates || take(socket->shard, &rates->messages, rate);
}

void pinion__rate_spend(struct pinion_socket *socket)
{
    const pinion_rate *rate = &socket->class->mount->options.messages;
    struct pinion_socket_rates *rates = rates_for(socket, rate);
    if (rates)
        (void)take_quietly(socket->shard, &rates->messages, rate);
}

bool pinion__rate_join(struct pinion_socket *socket)
{
    const pinion_rate *rate = &socket->class->mount->options.joins;
    struct pinion_socket_rates *rates = rates_for(socket, rate);
    return !rates || take(socket->shard, &rates->joins, rate);
}

bool pinion__rate_channel_message(struct pinion_channel *channel)
{
    const pinion_rate *rate = &channel->socket->class->mount->options.channel_messages;
    if (rate->per_second == 0 || !pinion__channel_extra(channel))
        return true;
    return take(channel->socket->shard, &channel->extra->messages, rate);
}

/* ---- overhead ---- */

/* The socket keeps the time until which its overhead is paid for. It takes only four bytes, since every
 * socket has it. A time that is further ahead than a burst is left from before the clock wrapped. */
static bool overhead_fits(struct pinion_socket *socket)
{
    const pinion_rate *rate = &socket->class->mount->options.overhead;
    uint32_t cost = rate->per_second < PER_S ? PER_S / rate->per_second : 1;
    uint32_t burst = rate->burst < BURST_MAX / cost ? rate->burst * cost : BURST_MAX;
    uint32_t now = (uint32_t)(pinion__socket_seen_at(socket) * PER_MS);
    uint32_t ahead = socket->overhead - now;
    if (ahead > burst + cost)
        ahead = 0;
    bool fits = ahead + cost <= burst;
    socket->overhead = now + (fits ? ahead + cost : ahead);
    return fits;
}

static void let_go(struct pinion_timer *timer)
{
    struct pinion_socket_rates *rates = PINION_CONTAINER_OF(timer, struct pinion_socket_rates, let_go);
    rates->holding = false;
    rates->let_go_at = pinion__scheduler_roughly(rates->socket->shard->scheduler);
    pinion__socket_unwait(rates->socket);
}

static void hold_back(struct pinion_socket *socket, struct pinion_socket_rates *rates)
{
    if (!rates->socket) {
        rates->socket = socket;
        pinion__timer_init(&rates->let_go, let_go);
    }
    if (rates->holding)
        return;
    if (rates->held_since == 0 || pinion__socket_seen_at(socket) - rates->let_go_at > PAUSE_MS)
        rates->held_since = pinion__socket_seen_at(socket);
    rates->holding = true;
    PINION_COUNT(socket->shard, held_back, 1);
    pinion__scheduler_timer(socket->shard->scheduler, &rates->let_go, HOLD_MS);
    pinion__socket_wait(socket);
}

static void give_up(struct pinion_socket *socket)
{
    PINION_LOG_LIMITED(PINION_LOG_WARNING,
                       "socket %s: a client keeps sending overhead (heartbeats, pings, messages to no "
                       "channel) faster than it may: closed (%s)",
                       socket->class->mount->path, PINION_WHO_OF(socket));
    pinion__socket_because(socket, PINION_CAUSE_RATE);
    pinion__socket_close(socket, PINION_CLOSE_POLICY);
}

void pinion__rate_overhead(struct pinion_socket *socket)
{
    if (socket->class->mount->options.overhead.per_second == PINION_NEVER ||
        socket->state != PINION_SOCKET_OPEN || overhead_fits(socket))
        return;
    struct pinion_socket_rates *rates = pinion__socket_rates(socket);
    if (!rates)
        return;
    hold_back(socket, rates);
    if (pinion__socket_seen_at(socket) - rates->held_since >= GIVEN_UP)
        give_up(socket);
    else
        PINION_LOG_LIMITED(
            PINION_LOG_INFO,
            "socket %s: a client sends more than %u heartbeats, pings and messages to no channel a "
            "second: they are read later (%s)",
            socket->class->mount->path, socket->class->mount->options.overhead.per_second,
            PINION_WHO_OF(socket));
}

void pinion__rates_stop(struct pinion_socket *socket)
{
    struct pinion_socket_rates *rates = pinion__socket_rates_if_any(socket);
    if (rates && rates->holding)
        pinion__timer_cancel(&rates->let_go);
}
