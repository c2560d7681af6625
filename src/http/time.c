/* How long an HTTP connection may stay in a state. */
#include "http/connection.h"

/* The deadline is `ms` after the peer has read all that it was sent. Until then it has time as long as it
 * keeps reading. */
static void wait_for(struct pinion_http *http, uint32_t ms)
{
    pinion__http_set_deadline(http,
                              pinion__patience_begin(&http->patience, ms, http->server->limits->stall_ms));
}

/* There is no deadline while the loop or the answerer has to act. */
void pinion__http_start_clock(struct pinion_http *http)
{
    const struct pinion_http_limits *limits = http->server->limits;
    http->head_begun = false;
    if (pinion__http_sends_much(http)) {
        wait_for(http, 0); /* once the peer has read all, it is our turn to send more */
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
