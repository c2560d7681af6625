/* The server's side of carriers that have a network, and the main of their tests: the suite on each I/O
 * engine. */
#ifndef TESTS_CONTRACT_TRANSPORT_SERVER_H
#define TESTS_CONTRACT_TRANSPORT_SERVER_H

#include "contract/transport_suite.h"
#include "helpers/io.h"
#include "helpers/tcp.h"

static pinion_endpoint *server;

/* Two loops, with the socket at "/socket". */
static inline pinion_endpoint *server_new(const char *on, const pinion_socket_def *socket,
                                          const pinion_socket_options *options)
{
    pinion_endpoint_options of = { .host = "127.0.0.1", .io = on, .loops = 2, .close_timeout_ms = 1000 };
    assert_int_equal(pinion_endpoint_new(&server, &of), 0);
    assert_int_equal(pinion_endpoint_socket(server, "/socket", socket, options), 0);
    return server;
}

static inline void server_stop(void)
{
    pinion_endpoint_stop(server);
}

static inline void server_release(void)
{
    pinion_endpoint_free(server);
    server = NULL;
}

#endif
