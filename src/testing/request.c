/* What the kit's clients send when they connect, besides their parameters. It becomes a request over HTTP,
 * which is looked at as the transports do. */
#include "base/sized.h"
#include "base/strings.h"
#include "proto/http1.h"
#include "testing/kit.h"
#include "transport/connect_request.h"
#include <stdlib.h>

#define OWN_HEADERS 2 /* Host and Origin */

/* The texts of the request, copied in this order; "" stands for what is not there. */
enum text { PEER, TOKEN, SCHEME, HOST, ORIGIN, HEADERS };

struct pinion_test_asking {
    const char *const *texts; /* owned, in one piece */
    uint16_t peer_port;
};

void pinion__test_asking_free(struct pinion_test_asking *asking)
{
    if (!asking)
        return;
    free((void *)asking->texts);
    free(asking);
}

/* ---- setting it ---- */

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

static int check_headers(const char *const *headers)
{
    if (count(headers) > PINION_HTTP_HEADERS_MAX - OWN_HEADERS)
        return pinion__fail(PINION_EINVAL, "pinion_test_request: %zu headers, at most %d", count(headers),
                            PINION_HTTP_HEADERS_MAX - OWN_HEADERS);
    for (; headers && *headers; headers++) {
        const char *colon = strchr(*headers, ':');
        if (!colon || colon == *headers)
            return pinion__fail(PINION_EINVAL,
                                "pinion_test_request: a header has the form \"name: value\": header %.20s",
                                *headers);
    }
    return 0;
}

static const char *given_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* NULL when out of memory. */
static struct pinion_test_asking *asking_new(const pinion_test_request *request)
{
    const char *texts[HEADERS + PINION_HTTP_HEADERS_MAX + 1] = {
        [PEER] = given_or(request->peer, ""),         [TOKEN] = given_or(request->auth_token, ""),
        [SCHEME] = given_or(request->scheme, "http"), [HOST] = given_or(request->host, "localhost"),
        [ORIGIN] = given_or(request->origin, ""),
    };
    struct pinion_test_asking *asking = calloc(1, sizeof *asking);
    for (size_t i = 0; i < count(request->headers); i++)
        texts[HEADERS + i] = request->headers[i];
    if (!asking || pinion__strings_copy(texts, &asking->texts) != 0) {
        free(asking);
        return NULL;
    }
    asking->peer_port = request->peer_port;
    return asking;
}

static int set(pinion_test *test, const pinion_test_request *request, size_t size)
{
    pinion_test_request known;
    struct pinion_test_asking *asking = NULL;
    int rc = PINION_TAKE(pinion_test_request, &known, request, size);
    if (!rc)
        rc = check_headers(known.headers);
    if (!rc && request && !(asking = asking_new(&known)))
        rc = PINION_ENOMEM;
    if (rc)
        return rc;
    pinion__test_asking_free(test->asking);
    test->asking = asking;
    return 0;
}

int pinion_test_set_request_sized(pinion_test *test, const pinion_test_request *request, size_t size)
{
    PINION_NEED_TEST(test, return PINION_EINVAL);
    PINION_RETURN(set(test, request, size));
}

/* ---- connecting with it ---- */

static void add(struct pinion_http_request *http, struct pinion_slice name, const char *value)
{
    value += strspn(value, " ");
    http->headers[http->header_count++] =
        (struct pinion_http_header){ .name = name, .value = pinion__slice_str(value) };
}

static void make_request(const struct pinion_test_asking *asking, const char *query,
                         struct pinion_http_request *http)
{
    *http = (struct pinion_http_request){ .method = pinion__slice_str("GET"),
                                          .path = pinion__slice_str("/"),
                                          .query = pinion__slice_str(query) };
    add(http, pinion__slice_str("host"), asking->texts[HOST]);
    if (asking->texts[ORIGIN][0])
        add(http, pinion__slice_str("origin"), asking->texts[ORIGIN]);
    for (const char *const *header = asking->texts + HEADERS; *header; header++) {
        size_t len = strcspn(*header, ":");
        add(http, pinion__slice(*header, len), *header + len + 1);
    }
}

int pinion__test_ask(pinion_test_client *client, const pinion_payload *params, const char *query)
{
    const struct pinion_test_asking *asking = client->test->asking;
    struct pinion_connect_request connect;
    struct pinion_http_request http;
    if (!asking)
        return pinion__loopback_connect(&client->connection, client->test->shard, &client->mount, params,
                                        NULL);
    make_request(asking, query, &http);
    struct pinion_told told = { .transport = pinion__loopback.name,
                                .peer = asking->texts[PEER],
                                .peer_port = asking->peer_port,
                                .scheme = asking->texts[SCHEME],
                                .auth_token = asking->texts[TOKEN][0] ? asking->texts[TOKEN] : NULL };
    int rc = pinion__connect_request_told(&connect, client->test->shard, &client->mount, &http, &told);
    if (!rc)
        rc = pinion__loopback_connect(&client->connection, client->test->shard, &client->mount, params,
                                      &connect.info);
    pinion__connect_request_release(&connect);
    return rc;
}
