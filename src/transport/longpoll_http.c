/* Requests of long polling: from HTTP to exchanges of the transport, and their answers. All are 200 with the
 * meaningful status in their JSON, but for what no client of ours sends.
 *
 * A poll whose session has gone is answered 500: every phoenix.js then closes its socket, connects and joins
 * again. Phoenix begins a new session instead (410 and a token), from which phoenix.js 1.3 to 1.8.0 does not
 * learn that its channels have gone: what it sends to them is "unmatched topic" from then on.
 *
 * A GET is a poll, or begins a session. It has no body; one that has is read and dropped first (RFC 9110
 * section 9.3.1: it means nothing). A POST's body is kept only for a session that is there: where it may be
 * large, that is asked before any of it is read. */
#include "transport/longpoll_http.h"
#include "base/log_limit.h"
#include "io/peer.h"
#include "proto/longpoll_codec.h"
#include "proto/query.h"
#include "transport/connect_request.h"
#include "transport/longpoll.h"
#include "transport/longpoll_begin.h"
#include <stdio.h>
#include <stdlib.h>

#define ANY_ORIGIN "access-control-allow-origin: *\r\n"

static const char *peer_name(const struct pinion_http *http, char text[INET6_ADDRSTRLEN])
{
    return pinion__peer_name(pinion__http_conn(http), text);
}

/* ---- answers ---- */

static void send_json(struct pinion_http *http, const char *json, size_t len, bool keep_alive)
{
    struct pinion_http_answer answer = { .status = 200,
                                         .content_type = "application/json; charset=utf-8",
                                         .extra = ANY_ORIGIN "cache-control: no-store\r\n",
                                         .length = len,
                                         .keep_alive = keep_alive };
    pinion__http_send(http, &answer, json, len);
}

static void send_status(struct pinion_http *http, int status, bool keep_alive)
{
    char json[32];
    int len = snprintf(json, sizeof json, "{\"status\":%d}", status);
    send_json(http, json, (size_t)len, keep_alive);
}

/* The names of headers that the client would like to send. False when they do not fit. */
static bool join_asked(const struct pinion_http_request *request, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < request->header_count; i++) {
        const struct pinion_http_header *header = &request->headers[i];
        if (!pinion__http1_header_is(header, "access-control-request-headers"))
            continue;
        len += (size_t)snprintf(out + len, size - len, "%s%.*s", len ? ", " : "", (int)header->value.len,
                                header->value.ptr);
        if (len >= size)
            return false;
    }
    return true;
}

/* What a browser asks before it sends a request of ours to another origin than the page's. */
static void serve_options(struct pinion_http *http, const struct pinion_http_request *request)
{
    char asked[1100], extra[1400];
    if (!join_asked(request, asked, sizeof asked)) {
        pinion__http_send_error(http, 400, request->keep_alive);
        return;
    }
    snprintf(extra, sizeof extra,
             ANY_ORIGIN PINION_HTTP_PRIVATE "access-control-allow-headers: %s\r\n"
                                            "access-control-allow-methods: get, post, options\r\n"
                                            "access-control-max-age: 3600\r\n",
             asked);
    pinion__http_send_text(http, 200, extra, "", request->keep_alive);
}

/* ---- the request ---- */

/* In the header, which keeps it out of logs, or as the query parameter. */
static struct pinion_slice token_of(const struct pinion_http_request *request, const pinion_payload *params)
{
    struct pinion_slice header = pinion__http1_header(request, "x-phoenix-longpoll-token");
    json_t *token = pinion_payload_get(params, "token");
    if (header.ptr || !json_is_string(token))
        return header;
    return pinion__slice(json_string_value(token), json_string_length(token));
}

/* An exchange that is addressed to the session of the request's token. NULL when there is no token of ours.
 */
static struct pinion_longpoll_exchange *exchange_by_token(const struct pinion_entrance *entrance,
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

/* ---- exchanges that are sent off ---- */

static void abandon(void *exchange)
{
    pinion__longpoll_abandon(exchange);
}

/* A poll waits for messages that nobody would get. The beginning of a session is answered. */
static bool owes_nothing(const void *data)
{
    const struct pinion_longpoll_exchange *exchange = data;
    return exchange->kind == PINION_LONGPOLL_POLL;
}

static const struct pinion_http_answerer sent_off = { .abandoned = abandon, .owes_nothing = owes_nothing };

/* Its answer is awaited from here on. */
static void await(struct pinion_http *http, struct pinion_longpoll_exchange *exchange,
                  void (*answered)(struct pinion_longpoll_exchange *exchange))
{
    pinion__http_wait(http, &sent_off, exchange);
    exchange->owner = http;
    exchange->answered = answered;
}

/* The rest of its answer is what the exchange came back with. */
static void answer_body(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange)
{
    send_json(http, exchange->answer.data, exchange->answer.len, pinion__http_keep_alive(http));
}

/* ---- GET ---- */

static void answer_poll(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange)
{
    if (exchange->refused && !exchange->home->closing)
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "longpoll %s: refused: there are as many sessions as may be (peer %s)",
                           exchange->mount->path, peer_name(http, (char[INET6_ADDRSTRLEN]){ 0 }));
    if (exchange->refused)
        pinion__http_send_error(http, 503, false);
    else if (exchange->gone)
        send_status(http, 500, pinion__http_keep_alive(http));
    else
        answer_body(http, exchange);
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
        send_status(http, 500, pinion__http_keep_alive(http));
        return;
    }
    exchange->client = connect->client;
    await(http, exchange, on_polled);
    pinion__longpoll_begin(exchange, params, &connect->info);
}

static void poll_or_begin(struct pinion_http *http, const struct pinion_entrance *entrance,
                          const struct pinion_http_request *request, const pinion_payload *params,
                          const struct pinion_connect_request *connect)
{
    struct pinion_longpoll_exchange *exchange = exchange_by_token(entrance, request, params);
    if (!exchange) {
        begin(http, entrance, params, connect);
        return;
    }
    await(http, exchange, on_polled);
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
        pinion_payload *params = pinion_payload_json(tree);
        poll_or_begin(http, entrance, &request, params, &connect);
        pinion_payload_unref(params);
    } else { /* it was, the first time: there is no memory */
        json_decref(tree);
        send_status(http, 500, pinion__http_keep_alive(http));
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
        send_status(http, 500, false);
        return;
    }
    kept->entrance = *entrance;
    kept->len = head.len;
    memcpy(kept->head, head.ptr, head.len);
    pinion__http_read_body(http, &dropped, kept);
}

static void serve_get(struct pinion_http *http, const struct pinion_entrance *entrance,
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

/* ---- POST ---- */

static void answer_post(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange)
{
    if (exchange->gone)
        send_status(http, 410, pinion__http_keep_alive(http));
    else
        answer_body(http, exchange);
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
    uint32_t max = exchange->mount->options.longpoll_max_batch;
    pinion__longpoll_batch_init(&frames, exchange->body.data, exchange->body.len, exchange->ndjson);
    int rc = pinion__longpoll_batch_check(&frames, max);
    if (rc == PINION_ETOOBIG)
        PINION_LOG_LIMITED(PINION_LOG_INFO,
                           "longpoll %s: a body of more than %u messages is refused (peer %s)",
                           exchange->mount->path, max, peer_name(http, (char[INET6_ADDRSTRLEN]){ 0 }));
    if (rc) {
        pinion__longpoll_exchange_unref(exchange);
        pinion__http_send_error(http, 400, pinion__http_keep_alive(http));
        return;
    }
    await(http, exchange, on_published);
    pinion__longpoll_publish(exchange);
}

static void forget(void *exchange)
{
    pinion__longpoll_exchange_unref(exchange);
}

/* What comes of the body is the exchange's. */
static const struct pinion_http_answerer collected = { .body = take_piece,
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

static void serve_post(struct pinion_http *http, const struct pinion_entrance *entrance,
                       const struct pinion_http_request *request, const pinion_payload *params)
{
    if (request->content_length > entrance->mount->options.longpoll_max_body) {
        pinion__http_send_error(http, 400, false);
        return;
    }
    struct pinion_longpoll_exchange *exchange = exchange_by_token(entrance, request, params);
    if (!exchange) {
        send_status(http, 410, request->keep_alive);
        return;
    }
    exchange->ndjson = is_ndjson(request);
    if (is_small(http, request)) {
        pinion__http_read_body(http, &collected, exchange);
        return;
    }
    await(http, exchange, on_found);
    pinion__longpoll_find(exchange);
}

/* ---- any request ---- */

/* A GET or a POST, whose origin may be any that is let in. */
static void serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                  const struct pinion_http_request *request, const struct pinion_connect_request *connect,
                  struct pinion_slice head)
{
    json_t *tree = NULL;
    if (pinion__query_parse(request->query, &tree) != 0) {
        pinion__http_send_error(http, 400, request->keep_alive);
        return;
    }
    pinion_payload *params = pinion_payload_json(tree);
    if (pinion__slice_is(request->method, "GET"))
        serve_get(http, entrance, request, params, connect, head);
    else
        serve_post(http, entrance, request, params);
    pinion_payload_unref(params);
}

void pinion__longpoll_serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                            const struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_connect_request connect;
    int rc = pinion__connect_request_init(&connect, entrance, pinion__http_conn(http), request,
                                          pinion__longpoll.name);
    if (rc)
        send_status(http, rc == PINION_EACCES ? 403 : 500, request->keep_alive);
    else if (pinion__slice_is(request->method, "OPTIONS"))
        serve_options(http, request);
    else if (pinion__slice_is(request->method, "GET") || pinion__slice_is(request->method, "POST"))
        serve(http, entrance, request, &connect, head);
    else
        pinion__http_send_text(http, 400, ANY_ORIGIN PINION_HTTP_PRIVATE, "", request->keep_alive);
    pinion__connect_request_release(&connect);
}
