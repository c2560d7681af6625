/* How long an HTTP connection may be in a state. */
#include "http/connection.h"

/* So long once the peer has all that it was sent. Until then it has time for as long as it reads. */
static void wait_for(struct pinion_http *http, uint32_t ms)
{
    pinion__http_set_deadline(http,
                              pinion__patience_begin(&http->patience, ms, http->server->limits->stall_ms));
}

/* Requests wait for the peer to read. */
static bool sends_much(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_FILE || (http->backlogged && http->state != PINION_HTTP_CLOSING);
}

/* What is the loop's to do has no limit here. */
void pinion__http_start_clock(struct pinion_http *http)
{
    const struct pinion_http_limits *limits = http->server->limits;
    http->head_begun = false;
    if (sends_much(http)) {
        wait_for(http, 0); /* when it has read all, the next thing is for us to do: more is on its way */
        return;
    }
    switch ((enum pinion_http_state)http->state) {
    case PINION_HTTP_HEAD:
        wait_for(http, http->asked ? limits->keep_alive_ms : limits->head_timeout_ms);
        break;
    case PINION_HTTP_REST:
    case PINION_HTTP_BODY:
        pinion__http_set_deadline(http, limits->stall_ms);
        break;
    case PINION_HTTP_CLOSING:
        wait_for(http, limits->close_timeout_ms);
        break;
    case PINION_HTTP_FILE:
    case PINION_HTTP_WAIT:
    case PINION_HTTP_GIVEN:
        pinion__timer_cancel(&http->deadline);
        break;
    }
}

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms)
{
    pinion__scheduler_deadline(http->server->scheduler, &http->deadline, ms);
}

/* The state's time is over. */
static void overdue(struct pinion_http *http)
{
    bool owes = http->state == PINION_HTTP_BODY || (http->state == PINION_HTTP_HEAD && http->input.len > 0);
    if (pinion__http_is_busy(http))
        pinion__conn_close(http->conn);
    else if (owes)
        pinion__http_send_error(http, 408, false);
    else
        pinion__http_finish(http);
}

/* The state's time begins when the peer has all that it was sent. */
static bool waits_for_reader(const struct pinion_http *http)
{
    return sends_much(http) || http->state == PINION_HTTP_CLOSING ||
           (http->state == PINION_HTTP_HEAD && !http->head_begun);
}

static void on_deadline(struct pinion_timer *timer)
{
    struct pinion_http *http = PINION_CONTAINER_OF(timer, struct pinion_http, deadline);
    bool reading = waits_for_reader(http);
    uint32_t next = reading ? pinion__patience_look(&http->patience, http->conn) : 0;
    if (next > 0)
        pinion__http_set_deadline(http, next);
    else if (reading && !pinion__patience_acked(&http->patience))
        pinion__conn_close(http->conn); /* it does not read */
    else if (sends_much(http))
        pinion__http_start_clock(http); /* for what is to come */
    else
        overdue(http);
}

void pinion__http_time_init(struct pinion_http *http)
{
    pinion__timer_init(&http->deadline, on_deadline);
}
