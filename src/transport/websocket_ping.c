#include "transport/websocket_ping.h"
#include "base/clock.h"

static void set_timer(struct pinion_ping *ping, uint64_t ms)
{
    pinion__scheduler_deadline(ping->socket->shard->scheduler, &ping->timer, ms);
}

static void look(struct pinion_ping *ping, const pinion_socket_options *options)
{
    struct pinion_scheduler *scheduler = ping->socket->shard->scheduler;
    uint64_t quiet = pinion__scheduler_since(scheduler, ping->socket->last_seen);
    ping->asked_at = 0;
    if (quiet < options->ping_interval_ms) {
        set_timer(ping, options->ping_interval_ms - quiet);
        return;
    }
    ping->asked_at = pinion__scheduler_roughly(scheduler);
    set_timer(ping, pinion__earlier(options->ping_interval_ms, options->ping_timeout_ms));
    ping->ask(ping->ws);
}

/* The timer is not moved at each frame: when it fires it looks at the time of the last one, by the same
 * clock. */
static void on_timer(struct pinion_timer *timer)
{
    struct pinion_ping *ping = PINION_CONTAINER_OF(timer, struct pinion_ping, timer);
    const pinion_socket_options *options = &ping->socket->mount->options;
    uint64_t waited = pinion__scheduler_since(ping->socket->shard->scheduler, ping->asked_at);
    bool answered = ping->socket->last_seen >= ping->asked_at;
    if (ping->asked_at == 0 || answered)
        look(ping, options);
    else if (waited >= options->ping_timeout_ms)
        ping->silent(ping->ws);
    else
        set_timer(ping, options->ping_timeout_ms - waited);
}

void pinion__ping_start(struct pinion_ping *ping)
{
    pinion__timer_init(&ping->timer, on_timer);
    set_timer(ping, ping->socket->mount->options.ping_interval_ms);
}

void pinion__ping_stop(struct pinion_ping *ping)
{
    pinion__timer_cancel(&ping->timer);
}
