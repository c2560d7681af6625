/* Running a test program's groups on each I/O engine: once for every one that works here, and one that does
 * not is skipped, with its reason. */
#ifndef TESTS_HELPERS_IO_H
#define TESTS_HELPERS_IO_H

#include "io/loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The engine of the tests that run, for pinion_endpoint_options.io. */
static const char *io;

static inline const char *io_refusal(void)
{
    const struct pinion_loop_ops *engine = pinion__loop_engine(io);
    return engine ? pinion__loop_engine_refusal(engine) : "not in this build";
}

static inline void io_refuses(void **state)
{
    print_message("%s: %s\n", io, io_refusal());
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
        failures += io_refusal() ? cmocka_run_group_tests_name(io, none, NULL, NULL) : run();
    }
    return failures;
}

#endif
