/* Bodies of requests. An answerer takes the body, or it is read and dropped. Only a limited part is dropped:
 * if the peer sends more, or takes too long, the connection is closed. */
#include "base/log.h"
#include "http/connection.h"
#include <pinion/error.h>

/* The request has a body. It is read in this state: BODY (`answerer`) or REST. */
static void begin_body(struct pinion_http *http, enum pinion_http_state state)
{
    pinion__http_enter(http, state);
    if (http->expects && state != PINION_HTTP_REST)
        pinion__http_send_continue(http);
    http->expects = false;
}

void pinion__http_answered(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING)
        return;
    if (http->has_rest)
        begin_body(http, PINION_HTTP_REST);
    else
        pinion__http_enter(http, PINION_HTTP_HEAD);
}

bool pinion__http_spend(struct pinion_http *http, size_t len)
{
    http->discard_left -= len < http->discard_left ? len : http->discard_left;
    return http->discard_left > 0;
}

/* The answerer gets its data back, to answer or to wait. */
static void hand_back(struct pinion_http *http)
{
    http->state = PINION_HTTP_HEAD; /* not pinion__http_enter: the answerer is not abandoned */
    http->answerer.ops->body_end(http, http->answerer.data);
    if (http->state == PINION_HTTP_HEAD)
        pinion__http_answered(http);
}

void pinion__http_read_body(struct pinion_http *http, const struct pinion_http_answerer *answerer, void *data)
{
    begin_body(http, PINION_HTTP_BODY);
    http->answerer.ops = answerer;
    http->answerer.data = data;
    if (!http->has_rest)
        hand_back(http);
}

/* True when the answerer takes the body. */
static bool is_taken(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_BODY && http->answerer.ops->body;
}

static void end_body(struct pinion_http *http)
{
    http->has_rest = false;
    if (http->state == PINION_HTTP_BODY)
        hand_back(http);
    else
        pinion__http_enter(http, PINION_HTTP_HEAD);
}

void pinion__http_body_refuse(struct pinion_http *http, int status)
{
    const struct pinion_http_answerer *ops = http->answerer.ops;
    if (ops->refuse)
        ops->refuse(http, http->answerer.data, status);
    else
        pinion__http_send_error(http, status, false);
}

/* The body cannot be read to its end. In REST the request has its answer already, and gets no other one. */
static void give_up(struct pinion_http *http, int status)
{
    if (http->state == PINION_HTTP_REST)
        pinion__http_finish(http);
    else
        pinion__http_body_refuse(http, status);
}

/* `len` bytes of the body came, and there is more. */
static void expect_more(struct pinion_http *http, size_t len)
{
    if (is_taken(http))
        pinion__http_set_deadline(http, http->server->limits->stall_ms); /* a dropped body has only one */
    else if (!pinion__http_spend(http, len))
        give_up(http, 413);
}

/* The status for a piece that the answerer did not take. Without memory the peer may come again. */
static int refusal_of(const struct pinion_http *http, int error)
{
    return error == PINION_ENOMEM ? 503 : http->answerer.ops->too_long;
}

size_t pinion__http_take_body(struct pinion_http *http, const uint8_t *bytes, size_t len)
{
    struct pinion_slice piece;
    size_t pos = 0;
    int rc;
    while ((rc = pinion__http_body_read(&http->body, bytes, len, &pos, &piece)) == 1) {
        int error = is_taken(http) ? http->answerer.ops->body(http->answerer.data, piece) : 0;
        if (error) {
            give_up(http, refusal_of(http, error));
            return len;
        }
    }
    if (rc == PINION_MORE) {
        expect_more(http, pos);
    } else if (rc == 0) {
        end_body(http);
    } else {
        pinion__log(PINION_LOG_INFO, "http: the body of a request is not valid: closed");
        give_up(http, 400);
    }
    return pos;
}
