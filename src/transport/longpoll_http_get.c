#include "transport/longpoll_http_get.h"
#include "base/log_limit.h"
#include "io/peer.h"
#include "proto/payload.h"
#include "proto/query.h"
#include "transport/longpoll.h"
#include "transport/longpoll_begin.h"
#include "transport/longpoll_http_exchange.h"
#include <stdlib.h>

/* ---- to poll, or to begin ---- */

static void answer_poll(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange)
{
    if (exchange->refused && !exchange->home->closing)
        PINION_LOG_LIMITED(
            PINION_LOG_WARNING, "longpoll %s: refused: there are as many sessions as may be (peer %s)",
            exchange->mount->path, pinion__peer_name(pinion__http_conn(http), (char[INET6_ADDRSTRLEN]){ 0 }));
    if (exchange->refused)
        pinion__http_send_error(http, 503, false);
    else if (exchange->gone)
        pinion__longpoll_http_status(http, 500, pinion__http_keep_alive(http));
    else
        pinion__longpoll_http_answer(http, exchange);
}

static void on_polled(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_http *http = exchange->owner;
    pinion__http_answer_begin(http);
    answer_poll(http, exchange);
    pinion__http_answer_end(http);
}

static void begin(struct pinion_http *http, const struct pinion_entrance *entrance,
                  const pinion_payload *params, const struct pinion_connect_request *connect)
{
    struct pinion_longpoll_exchange *exchange =
        pinion__longpoll_exchange_new(entrance->longpoll, entrance->shard, entrance->mount);
    if (!exchange) {
        pinion__longpoll_http_status(http, 500, pinion__http_keep_alive(http));
        return;
    }
    exchange->client = connect->client;
    pinion__longpoll_http_await(http, exchange, on_polled);
    pinion__longpoll_begin(exchange, params, &connect->info);
}

static void poll_or_begin(struct pinion_http *http, const struct pinion_entrance *entrance,
                          const struct pinion_http_request *request, const pinion_payload *params,
                          const struct pinion_connect_request *connect)
{
    struct pinion_longpoll_exchange *exchange = pinion__longpoll_http_exchange(entrance, request, params);
    if (!exchange) {
        begin(http, entrance, params, connect);
        return;
    }
    pinion__longpoll_http_await(http, exchange, on_polled);
    pinion__longpoll_poll(exchange);
}

/* ---- a GET with a body ---- */

/* What is kept of it for the time after its body. */
struct kept_get {
    struct pinion_entrance entrance;
    size_t len;
    char head[];
};

/* The GET whose head was kept, from its parts. */
static void get_again(struct pinion_http *http, const struct kept_get *kept)
{
    struct pinion_http_request request;
    struct pinion_connect_request connect = { .auth_token = NULL };
    const struct pinion_entrance *entrance = &kept->entrance;
    json_t *tree = NULL;
    bool readable = pinion__http1_parse(kept->head, kept->len, 0, &request) > 0 &&
                    pinion__query_parse(request.query, &tree) == 0 &&
                    pinion__connect_request_init(&connect, entrance, pinion__http_conn(http), &request,
                                                 pinion__longpoll.name) == 0;
    if (readable) {
        struct pinion_payload params;
        pinion__payload_borrow_tree(&params, tree);
        poll_or_begin(http, entrance, &request, &params, &connect);
        pinion__payload_borrow_end(&params);
    } else { /* it was, the first time: there is no memory */
        json_decref(tree);
        pinion__longpoll_http_status(http, 500, pinion__http_keep_alive(http));
    }
    pinion__connect_request_release(&connect);
}

static void on_dropped(struct pinion_http *http, void *kept)
{
    get_again(http, kept);
    free(kept);
}

static const struct pinion_http_answerer dropped = { .body_end = on_dropped, .abandoned = free };

static void drop_body(struct pinion_http *http, const struct pinion_entrance *entrance,
                      struct pinion_slice head)
{
    struct kept_get *kept = malloc(sizeof *kept + head.len);
    if (!kept) {
        pinion__longpoll_http_status(http, 500, false);
        return;
    }
    kept->entrance = *entrance;
    kept->len = head.len;
    memcpy(kept->head, head.ptr, head.len);
    pinion__http_read_body(http, &dropped, kept);
}

void pinion__longpoll_http_get(struct pinion_http *http, const struct pinion_entrance *entrance,
                               const struct pinion_http_request *request, const pinion_payload *params,
                               const struct pinion_connect_request *connect, struct pinion_slice head)
{
    if (!pinion__http_can_drop(http, request))
        pinion__http_send_error(http, 413, false);
    else if (pinion__http1_has_body(request))
        drop_body(http, entrance, head);
    else
        poll_or_begin(http, entrance, request, params, connect);
}
