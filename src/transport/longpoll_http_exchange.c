#include "transport/longpoll_http_exchange.h"
#include "transport/longpoll.h"
#include <stdio.h>

/* ---- answers ---- */

static void send_json(struct pinion_http *http, const char *json, size_t len, bool keep_alive)
{
    struct pinion_http_answer answer = { .status = 200,
                                         .content_type = "application/json; charset=utf-8",
                                         .extra = PINION_LONGPOLL_ANY_ORIGIN "cache-control: no-store\r\n",
                                         .length = len,
                                         .keep_alive = keep_alive };
    pinion__http_send(http, &answer, json, len);
}

void pinion__longpoll_http_status(struct pinion_http *http, int status, bool keep_alive)
{
    char json[32];
    int len = snprintf(json, sizeof json, "{\"status\":%d}", status);
    send_json(http, json, (size_t)len, keep_alive);
}

/* ---- exchanges ---- */

/* In the header, which keeps it out of logs, or as the query parameter. */
static struct pinion_slice token_of(const struct pinion_http_request *request, const pinion_payload *params)
{
    struct pinion_slice header = pinion__http1_header(request, "x-phoenix-longpoll-token");
    json_t *token = pinion_payload_get(params, "token");
    if (header.ptr || !json_is_string(token))
        return header;
    return pinion__slice(json_string_value(token), json_string_length(token));
}

struct pinion_longpoll_exchange *pinion__longpoll_http_exchange(const struct pinion_entrance *entrance,
                                                                const struct pinion_http_request *request,
                                                                const pinion_payload *params)
{
    struct pinion_slice token = token_of(request, params);
    struct pinion_longpoll_exchange *exchange = NULL;
    if (token.len > 0)
        exchange = pinion__longpoll_exchange_new(entrance->longpoll, entrance->shard, entrance->mount);
    if (exchange && !pinion__longpoll_address(exchange, token)) {
        pinion__longpoll_exchange_unref(exchange);
        exchange = NULL;
    }
    return exchange;
}

static void abandon(void *exchange)
{
    pinion__longpoll_abandon(exchange);
}

/* A poll may wait for messages that nobody would get. It may have got some already. */
static void hurry(void *data)
{
    struct pinion_longpoll_exchange *exchange = data;
    if (exchange->kind == PINION_LONGPOLL_POLL)
        pinion__longpoll_recall(exchange);
}

static const struct pinion_http_answerer sent_off = { .abandoned = abandon, .hurry = hurry };

void pinion__longpoll_http_await(struct pinion_http *http, struct pinion_longpoll_exchange *exchange,
                                 void (*answered)(struct pinion_longpoll_exchange *exchange))
{
    pinion__http_wait(http, &sent_off, exchange);
    exchange->owner = http;
    exchange->answered = answered;
}

void pinion__longpoll_http_answer(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange)
{
    send_json(http, exchange->answer.data, exchange->answer.len, pinion__http_keep_alive(http));
}
