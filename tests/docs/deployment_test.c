/* docs/deployment.md: a server behind a proxy. The configurations of the proxies are run by
 * tests/integration/deployment.test.mjs. */
#include "docs/snippet.h"
#include "helpers/tcp.h"

static char seen[64]; /* the peer of the one connect that gets so far */

static pinion_result user_connect(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    snprintf(seen, sizeof seen, "%s", pinion_connect_peer(info));
    return pinion_ok(NULL);
}

static const pinion_socket_def user_socket = { .connect = user_connect };

/* ---- the snippet ---- */

static void health(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain", "ok", 2);
}

static int open_behind_proxy(pinion_endpoint **endpoint, uint16_t port)
{
    int rc = pinion_endpoint_new(endpoint, &(pinion_endpoint_options){
                                               .host = "127.0.0.1",
                                               .port = port,
                                               .trusted_proxies = "127.0.0.1",
                                           });
    if (!rc)
        rc = pinion_endpoint_socket(*endpoint, "/socket", &user_socket,
                                    &(pinion_socket_options){ .longpoll = true });
    if (!rc)
        rc = pinion_endpoint_get(*endpoint, "/health", health, NULL);
    return rc;
}

/* ---- its test ---- */

/* What the proxy, for which this test stands in, is answered. */
static int ask(const pinion_endpoint *endpoint, const char *request)
{
    char head[2000];
    int fd = tcp_connect(pinion_endpoint_port(endpoint));
    assert_true(fd >= 0);
    assert_true(tcp_send(fd, request, strlen(request)));
    int status = tcp_head(fd, head, sizeof head);
    close(fd);
    return status;
}

#define HANDSHAKE                                                                                            \
    "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: example.com\r\nOrigin: "                              \
    "https://example.com\r\n" TCP_UPGRADE

static void it_knows_the_client_and_is_healthy(void **state)
{
    pinion_endpoint *endpoint = NULL;
    ok(open_behind_proxy(&endpoint, 0));
    ok(pinion_endpoint_start(endpoint));
    assert_int_equal(ask(endpoint, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_int_equal(
        ask(endpoint, HANDSHAKE "X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"), 101);
    assert_int_equal(ask(endpoint, HANDSHAKE "X-Forwarded-For: 192.0.2.7\r\n\r\n"), 403);
    pinion_endpoint_free(endpoint);
    assert_string_equal(seen, "192.0.2.7"); /* by a thread that has ended */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_knows_the_client_and_is_healthy) };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
