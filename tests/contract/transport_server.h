/* The server's side of carriers that have a network, and the main of their tests: the suite on each I/O
 * engine. It stands on public headers and cmocka, as the suite does. */
#ifndef TESTS_CONTRACT_TRANSPORT_SERVER_H
#define TESTS_CONTRACT_TRANSPORT_SERVER_H

#include "contract/transport_suite.h"
#include "helpers/tcp.h"

static pinion_endpoint *server;
static const char *io; /* the I/O engine of the suite that runs */

/* False, and says why: this machine or this build does not have the engine. */
static inline bool io_works(void)
{
    pinion_endpoint *probe = NULL;
    int rc = pinion_endpoint_new(&probe, &(pinion_endpoint_options){ .io = io, .loops = 1 });
    if (rc)
        print_message("%s: %s\n", io, pinion_error_detail());
    pinion_endpoint_free(probe);
    return rc != PINION_ENOTSUP;
}

static inline void io_refuses(void **state)
{
    (void)state;
    skip();
}

/* Gives the number of failures. */
static inline int io_for_each(int (*run)(void))
{
    static const char *const names[] = { "uring", "uv" };
    const struct CMUnitTest none[] = { cmocka_unit_test(io_refuses) };
    int failures = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        io = names[i];
        failures += io_works() ? run() : cmocka_run_group_tests_name(io, none, NULL, NULL);
    }
    return failures;
}

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
