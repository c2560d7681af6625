#include "transport/longpoll_http.h"
#include "http/cors.h"
#include "proto/payload.h"
#include "proto/query.h"
#include "transport/longpoll_begin.h"
#include "transport/longpoll_http_exchange.h"
#include "transport/longpoll_http_get.h"
#include "transport/longpoll_http_post.h"
#include <stdio.h>

/* What a browser asks before it sends a request of ours to another origin than the page's. */
static void serve_options(struct pinion_http *http, const struct pinion_http_request *request)
{
    char asked[1100], extra[1400];
    if (!pinion__http_cors_asked(request, asked, sizeof asked)) {
        pinion__http_send_error(http, 400, request->keep_alive);
        return;
    }
    snprintf(extra, sizeof extra,
             PINION_LONGPOLL_ANY_ORIGIN PINION_HTTP_PRIVATE
             "access-control-allow-headers: %s\r\n"
             "access-control-allow-methods: get, post, options\r\n"
             "access-control-max-age: 3600\r\n",
             asked);
    pinion__http_send_text(http, 200, extra, "", request->keep_alive);
}

/* ---- GET and POST ---- */

/* A GET or a POST, whose origin may be any that is let in. */
static void serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                  const struct pinion_http_request *request, const struct pinion_connect_request *connect,
                  struct pinion_slice head)
{
    struct pinion_payload params;
    json_t *tree = NULL;
    if (pinion__query_parse(request->query, &tree) != 0) {
        pinion__http_send_error(http, 400, request->keep_alive);
        return;
    }
    pinion__payload_borrow_tree(&params, tree);
    if (pinion__slice_is(request->method, "GET"))
        pinion__longpoll_http_get(http, entrance, request, &params, connect, head);
    else
        pinion__longpoll_http_post(http, entrance, request, &params);
    pinion__payload_borrow_end(&params);
}

void pinion__longpoll_serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                            const struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_connect_request connect;
    int rc = pinion__connect_request_init(&connect, entrance, pinion__http_conn(http), request,
                                          pinion__longpoll.name);
    if (rc)
        pinion__longpoll_http_status(http, rc == PINION_EACCES ? 403 : 500, request->keep_alive);
    else if (pinion__slice_is(request->method, "OPTIONS"))
        serve_options(http, request);
    else if (pinion__slice_is(request->method, "GET") || pinion__slice_is(request->method, "POST"))
        serve(http, entrance, request, &connect, head);
    else
        pinion__http_send_text(http, 400, PINION_LONGPOLL_ANY_ORIGIN PINION_HTTP_PRIVATE, "",
                               request->keep_alive);
    pinion__connect_request_release(&connect);
}
