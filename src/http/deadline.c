/* What happens when an HTTP connection has been in a state for as long as it may. */
#include "http/connection.h"

static void overdue(struct pinion_http *http)
{
    if (pinion__http_is_busy(http))
        pinion__conn_close(http->conn);
    else if (http->state == PINION_HTTP_BODY)
        pinion__http_body_refuse(http, 408);
    else if (http->state == PINION_HTTP_HEAD && http->input.len > 0)
        pinion__http_send_error(http, 408, false);
    else
        pinion__http_finish(http);
}

/* True when the state's time begins only after the peer has read all that it was sent. */
static bool waits_for_reader(const struct pinion_http *http)
{
    return pinion__http_sends_much(http) || http->state == PINION_HTTP_CLOSING ||
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
    else if (pinion__http_sends_much(http))
        pinion__http_start_clock(http); /* more is to be sent */
    else
        overdue(http);
}

void pinion__http_deadline_init(struct pinion_http *http)
{
    pinion__timer_init(&http->deadline, on_deadline);
}
