#include "transport/longpoll_http_post.h"
#include "base/log_limit.h"
#include "io/peer.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll.h"
#include "transport/longpoll_http_exchange.h"

static void answer_post(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange)
{
    if (exchange->gone)
        pinion__longpoll_http_status(http, 410, pinion__http_keep_alive(http));
    else
        pinion__longpoll_http_answer(http, exchange);
}

static void on_published(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_http *http = exchange->owner;
    pinion__http_answer_begin(http);
    answer_post(http, exchange);
    pinion__http_answer_end(http);
}

static int take_piece(void *data, struct pinion_slice piece)
{
    struct pinion_longpoll_exchange *exchange = data;
    return pinion__buf_append(&exchange->body, piece.ptr, piece.len);
}

static void publish(struct pinion_http *http, void *data)
{
    struct pinion_longpoll_batch frames;
    struct pinion_longpoll_exchange *exchange = data;
    uint32_t max = exchange->mount->limits.longpoll_max_batch;
    pinion__longpoll_batch_init(&frames, exchange->body.data, exchange->body.len, exchange->ndjson);
    int rc = pinion__longpoll_batch_check(&frames, max);
    if (rc == PINION_ETOOBIG)
        PINION_LOG_LIMITED(PINION_LOG_INFO,
                           "longpoll %s: a body of more than %u messages is refused (peer %s)",
                           exchange->mount->path, max,
                           pinion__peer_name(pinion__http_conn(http), (char[INET6_ADDRSTRLEN]){ 0 }));
    if (rc) {
        pinion__longpoll_exchange_unref(exchange);
        pinion__http_send_error(http, 400, pinion__http_keep_alive(http));
        return;
    }
    pinion__longpoll_http_await(http, exchange, on_published);
    pinion__longpoll_publish(exchange);
}

static void forget(void *exchange)
{
    pinion__longpoll_exchange_unref(exchange);
}

/* What comes of the body is the exchange's. */
static const struct pinion_http_answerer collected = { .body = take_piece,
                                                       .too_long = 400, /* as Phoenix answers */
                                                       .body_end = publish,
                                                       .abandoned = forget };

static void on_found(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_http *http = exchange->owner;
    pinion__http_answer_begin(http);
    if (exchange->found)
        pinion__http_read_body(http, &collected, pinion__longpoll_again(exchange));
    else
        answer_post(http, exchange);
    pinion__http_answer_end(http);
}

static bool is_ndjson(const struct pinion_http_request *request)
{
    return pinion__slice_is(pinion__http1_header(request, "content-type"), "application/x-ndjson");
}

/* No more than a head may have, and every connection may keep. */
static bool is_small(const struct pinion_http *http, const struct pinion_http_request *request)
{
    return !request->chunked && request->content_length <= pinion__http_server(http)->limits->max_head;
}

void pinion__longpoll_http_post(struct pinion_http *http, const struct pinion_entrance *entrance,
                                const struct pinion_http_request *request, const pinion_payload *params)
{
    if (request->content_length > entrance->mount->limits.longpoll_max_body) {
        pinion__http_send_error(http, 400, false);
        return;
    }
    struct pinion_longpoll_exchange *exchange = pinion__longpoll_http_exchange(entrance, request, params);
    if (!exchange) {
        pinion__longpoll_http_status(http, 410, request->keep_alive);
        return;
    }
    exchange->ndjson = is_ndjson(request);
    if (is_small(http, request)) {
        pinion__http_read_body(http, &collected, exchange);
        return;
    }
    pinion__longpoll_http_await(http, exchange, on_found);
    pinion__longpoll_find(exchange);
}
