/* A call that fails the next time it is made; linked with --wrap (tests/CMakeLists.txt).
 *
 *   FAILING(int, getsockname, (int fd, struct sockaddr *address, socklen_t *len), (fd, address, len))
 *   ...
 *   fail_getsockname = ENOBUFS; */
#ifndef PINION_TESTS_FAILING_H
#define PINION_TESTS_FAILING_H

#include <errno.h>
#include <stdatomic.h>

#define FAILING(type, call, parameters, arguments)                                                           \
    static atomic_int fail_##call; /* the error; 0: none */                                                  \
    type __real_##call parameters;                                                                           \
    type __wrap_##call parameters;                                                                           \
    type __wrap_##call parameters                                                                            \
    {                                                                                                        \
        int error = atomic_exchange(&fail_##call, 0);                                                        \
        if (!error)                                                                                          \
            return __real_##call arguments;                                                                  \
        errno = error;                                                                                       \
        return -1;                                                                                           \
    }

#endif
