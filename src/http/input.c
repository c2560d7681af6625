/* Bytes that come on an HTTP connection: requests and bodies, one after the other. The next request waits
 * until the one before it has its answer. While a file is being sent, reading stops. */
#include "http/connection.h"
#include "io/busy.h"

#define BACKLOG_MAX (256u * 1024) /* bytes of queued answers; above it no request is read */
#define INPUT_SLACK (128u * 1024) /* bytes that may come at once, and once more after a pause */

/* The time for a head begins with its first byte. For the first request of a connection it began when the
 * connection was accepted. */
static void begin_head(struct pinion_http *http)
{
    if (http->state != PINION_HTTP_HEAD || !http->asked || http->head_begun || pinion__http_is_busy(http))
        return;
    http->head_begun = true;
    pinion__http_set_deadline(http, http->server->limits->head_timeout_ms);
}

/* Keep bytes that have to wait. When there are too many of them, reading stops, so that the rest stays with
 * the peer. */
static void keep_rest(struct pinion_http *http, const uint8_t *bytes, size_t len)
{
    if (pinion__buf_append(&http->input, bytes, len) != 0) {
        if (http->state == PINION_HTTP_HEAD)
            pinion__http_refuse(http, 431);
        else
            pinion__conn_close(http->conn); /* an answer now would look like the answer to another request */
    } else if (pinion__http_is_answering(http) && http->input.len > http->server->limits->max_head) {
        pinion__conn_pause(http->conn);
    } else {
        begin_head(http);
    }
}

/* A peer that sends requests and does not read the answers must not fill the memory. */
static void check_backlog(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING || pinion__conn_queued(http->conn) <= BACKLOG_MAX ||
        pinion__conn_flush(http->conn) <= BACKLOG_MAX)
        return;
    http->backlogged = true;
    pinion__conn_pause(http->conn);
    pinion__http_start_clock(http);
}

/* The peer sends no more. Requests that came are still answered. */
static void end_input(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING) {
        if (pinion__conn_flush(http->conn) == 0)
            pinion__conn_close(http->conn);
    } else if (http->state == PINION_HTTP_WAIT) {
        if (http->answerer.ops->hurry)
            http->answerer.ops->hurry(http->answerer.data);
    } else if (!pinion__http_is_busy(http)) {
        pinion__http_finish(http);
    }
}

/* Handle what these bytes hold, but not more than one go may take. What is left over waits in http->input,
 * which is empty at first. */
static void process(struct pinion_http *http, uint8_t *bytes, size_t len)
{
    bool given = false;
    size_t left = PINION_RECV_PIECE;
    while (len > 0 && !pinion__http_is_busy(http)) {
        size_t used = http->state == PINION_HTTP_HEAD ? pinion__http_take_request(http, bytes, len, &given)
                                                      : pinion__http_take_body(http, bytes, len);
        if (given)
            return; /* http is gone */
        if (used == 0)
            break;
        check_backlog(http);
        bytes += used;
        len -= used;
        left -= used < left ? used : left;
        bool over = pinion__turns_over(&http->server->turns) || left == 0;
        if (over && len > 0 && !pinion__http_is_busy(http))
            pinion__http_wait_turn(http);
    }
    if (len > 0 && http->state != PINION_HTTP_CLOSING)
        keep_rest(http, bytes, len);
    if (http->eof)
        end_input(http);
}

void pinion__http_receive(struct pinion_http *http, uint8_t *bytes, size_t len)
{
    if (len == 0) {
        http->eof = true;
        end_input(http);
        return;
    }
    if (http->state == PINION_HTTP_CLOSING) {
        if (!pinion__http_spend(http, len))
            pinion__conn_pause(http->conn); /* the peer may still read its answer, until the deadline */
        return;
    }
    if (http->input.len == 0 && !pinion__http_is_busy(http)) {
        process(http, bytes, len);
        return;
    }
    keep_rest(http, bytes, len);
    if (pinion__http_is_busy(http))
        return;
    struct pinion_buf input = http->input;
    pinion__buf_init(&http->input, input.max);
    process(http, (uint8_t *)input.data, input.len);
    pinion__buf_release(&input);
}

/* ---- what waited ---- */

static void go_on(struct pinion_http *http)
{
    struct pinion_buf waiting = http->input;
    pinion__http_start_clock(http);
    pinion__buf_init(&http->input, waiting.max);
    if (!http->eof && !http->backlogged)
        pinion__conn_resume(http->conn);
    process(http, (uint8_t *)waiting.data, waiting.len);
    pinion__buf_release(&waiting);
}

static void run_turn(struct pinion_turn *turn)
{
    struct pinion_http *http = PINION_CONTAINER_OF(turn, struct pinion_http, turn);
    if (!pinion__http_is_busy(http))
        go_on(http);
}

/* A peer may have sent very many requests that wait: they take turns with those of other peers. */
void pinion__http_wait_turn(struct pinion_http *http)
{
    pinion__conn_pause(http->conn);
    http->turn.run = run_turn;
    pinion__turns_append(&http->server->turns, &http->turn);
}

void pinion__http_go_on(struct pinion_http *http)
{
    if (http->input.len > 0)
        pinion__http_wait_turn(http);
    else
        go_on(http);
}

void pinion__http_input_init(struct pinion_http *http)
{
    pinion__buf_init(&http->input, http->server->limits->max_head + INPUT_SLACK);
    pinion__turn_init(&http->turn, run_turn);
}
