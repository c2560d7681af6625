#include "transport/websocket_ping.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "engine/who.h"
#include "transport/websocket_int.h"

static void set_timer(struct pinion_ping *ping, uint64_t ms)
{
    pinion__scheduler_deadline(pinion__websocket_shard(ping->ws)->scheduler, &ping->timer, ms);
}

static void send_ping(const struct pinion_websocket *ws)
{
    struct pinion_frame *frame = pinion__ws_control_frame(9, NULL, 0);
    if (frame)
        (void)pinion__conn_queue(ws->conn, frame);
}

static void give_up(struct pinion_websocket *ws)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: no answer to a ping, closed (%s)", ws->limits->path,
                       PINION_WHO_OF(ws->socket));
    pinion__socket_because(ws->socket, PINION_CAUSE_SILENT);
    pinion__websocket_fail(ws, PINION_CLOSE_PROTOCOL); /* which stops the timer */
}

static void look(struct pinion_ping *ping)
{
    const pinion_transport_limits *limits = ping->ws->limits;
    struct pinion_scheduler *scheduler = pinion__websocket_shard(ping->ws)->scheduler;
    uint64_t quiet = pinion__scheduler_since(scheduler, pinion__socket_seen_at(ping->ws->socket));
    ping->asked_at = 0;
    if (quiet < limits->ping_interval_ms) {
        set_timer(ping, limits->ping_interval_ms - quiet);
        return;
    }
    ping->asked_at = pinion__scheduler_roughly(scheduler);
    set_timer(ping, pinion__earlier(limits->ping_interval_ms, limits->ping_timeout_ms));
    send_ping(ping->ws);
}

/* The timer is not moved at each frame: when it fires it looks at the time of the last one, by the same
 * clock. */
static void on_timer(struct pinion_timer *timer)
{
    struct pinion_ping *ping = PINION_CONTAINER_OF(timer, struct pinion_ping, timer);
    uint64_t waited = pinion__scheduler_since(pinion__websocket_shard(ping->ws)->scheduler, ping->asked_at);
    bool answered = pinion__socket_seen_at(ping->ws->socket) >= ping->asked_at;
    if (ping->asked_at == 0 || answered)
        look(ping);
    else if (ping->ws->socket->unread)
        set_timer(ping, ping->ws->limits->ping_timeout_ms); /* the pong may be among what is not read yet */
    else if (waited >= ping->ws->limits->ping_timeout_ms)
        give_up(ping->ws);
    else
        set_timer(ping, ping->ws->limits->ping_timeout_ms - waited);
}

void pinion__websocket_start_pings(struct pinion_websocket *ws)
{
    if (ws->limits->ping_interval_ms == 0)
        return;
    ws->ping = pinion__pool_take(&pinion__websocket_shard(ws)->pool, sizeof *ws->ping);
    if (!ws->ping)
        return; /* the idle time finds it out */
    ws->ping->ws = ws;
    pinion__timer_init(&ws->ping->timer, on_timer);
    set_timer(ws->ping, ws->limits->ping_interval_ms);
}
