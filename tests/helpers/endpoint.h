/* An endpoint of one test's own on the loopback: a socket that lets everybody in at /socket, a page at /. */
#ifndef TESTS_HELPERS_ENDPOINT_H
#define TESTS_HELPERS_ENDPOINT_H

#include "helpers/engine.h"
#include "helpers/tcp.h"
#include <time.h>

static pinion_endpoint *endpoint;

static inline void endpoint_page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain", "ok", 2);
}

/* NULL: defaults. */
static inline void start(const pinion_endpoint_options *given, const pinion_socket_options *options)
{
    static const pinion_socket_def anybody = { .connect = NULL };
    pinion_endpoint_options own = given ? *given : (pinion_endpoint_options){ 0 };
    own.host = "127.0.0.1";
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &own));
    ok(pinion_endpoint_socket(endpoint, "/socket", &anybody, options));
    ok(pinion_endpoint_get(endpoint, "/", endpoint_page, NULL));
    ok(pinion_endpoint_start(endpoint));
}

/* As a teardown. */
static inline int stop(void **state)
{
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    return 0;
}

static inline int connected_fd(void)
{
    int fd = tcp_connect(pinion_endpoint_port(endpoint));
    assert_true(fd >= 0);
    return fd;
}

/* A connection that has become a WebSocket. */
static inline int websocket(void)
{
    int fd = tcp_websocket(pinion_endpoint_port(endpoint));
    assert_true(fd >= 0);
    return fd;
}

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#define TEST(name) cmocka_unit_test_teardown(name, stop)

#endif
