/* Every call that fails on demand, and the ways in which it does: errors as the kernel or the library has
 * them for a call of ours that is in order. One that cannot have other errors is not made to: then the test
 * would ask for what never happens.
 *
 * CALL: a function, by the name that is linked (--wrap); URING: the same, where io_uring is built in;
 * OPERATION: what is handed to the ring, by what it is for. CMakeLists.txt reads the first two. */
#ifndef PINION_TESTS_SCARCE_CALLS_H
#define PINION_TESTS_SCARCE_CALLS_H

#include <errno.h>
#include <netdb.h>

#define SHORT  (1 << 20) /* moves one byte only */
#define FAILED (1 << 21) /* says that it failed, but not why */

// clang-format off
#define SCARCE_CALLS(CALL, URING, OPERATION) \
    CALL(socket, EMFILE, ENFILE, ENOBUFS) \
    CALL(socketpair, EMFILE, ENFILE, ENOMEM) \
    CALL(bind, EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOMEM) \
    CALL(listen, EADDRINUSE, EACCES) \
    CALL(accept4, EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EINTR) \
    CALL(setsockopt, ENOMEM, ENOBUFS) \
    CALL(getsockopt, ENOBUFS) \
    CALL(getpeername, ENOBUFS, ENOTCONN) \
    CALL(getsockname, ENOBUFS) \
    CALL(getaddrinfo, EAI_AGAIN, EAI_MEMORY) \
    CALL(recv, SHORT, EINTR, EAGAIN, ENOMEM, ECONNRESET) \
    CALL(recvmsg, EINTR, EAGAIN, ENOMEM) \
    CALL(send, SHORT, EINTR, EAGAIN, ENOBUFS, ECONNRESET) \
    CALL(sendmsg, EINTR, EAGAIN, ENOBUFS, EPIPE) \
    CALL(sendto, EINTR, ENOBUFS) \
    CALL(poll, EINTR, ENOMEM) \
    CALL(open64, EMFILE, ENFILE, ENOMEM, EACCES) \
    CALL(openat64, EMFILE, ENOMEM) \
    CALL(__openat64_2, EMFILE, ENOMEM) \
    CALL(syscall, EMFILE, ENFILE, ENOMEM, EACCES, EAGAIN, ENOSYS, EINTR, EIO) \
    CALL(fstat64, ENOMEM, EIO) \
    CALL(stat64, ENOMEM, EACCES) \
    CALL(readlink, ENOMEM, EACCES) \
    CALL(fcntl64, EMFILE) \
    CALL(dup2, EMFILE, EINTR) \
    CALL(read, SHORT, EINTR, EIO) \
    CALL(write, SHORT, EINTR, EAGAIN, ENOSPC, EIO) \
    CALL(epoll_create1, EMFILE, ENFILE, ENOMEM) \
    CALL(epoll_ctl, ENOMEM, ENOSPC) \
    CALL(epoll_wait, EINTR) \
    CALL(eventfd, EMFILE, ENFILE, ENOMEM) \
    CALL(signalfd, EMFILE, ENFILE, ENOMEM) \
    CALL(mmap64, ENOMEM) \
    CALL(madvise, EAGAIN) \
    CALL(pthread_create, EAGAIN) \
    CALL(fork, EAGAIN, ENOMEM) \
    CALL(execv, EACCES, ENOMEM, ETXTBSY) \
    CALL(getrandom, ENOSYS) \
    CALL(RAND_bytes, FAILED) \
    CALL(RAND_priv_bytes, FAILED) \
    CALL(uv_loop_init, ENOMEM, EMFILE) \
    CALL(uv_async_init, ENOMEM, EMFILE) \
    CALL(uv_poll_init, ENOMEM, ENOSPC) \
    CALL(uv_poll_start, EEXIST) \
    URING(io_uring_queue_init_params, ENOMEM, EMFILE, ENFILE, EPERM, ENOSYS) \
    URING(io_uring_register, ENOMEM) \
    URING(io_uring_register_ring_fd, ENOMEM) \
    URING(io_uring_register_buf_ring, ENOMEM) \
    URING(io_uring_register_sync_cancel, ENOENT, EINTR) \
    URING(io_uring_get_sqe, FAILED) \
    URING(io_uring_submit, EINTR, EAGAIN, EBUSY, ENOMEM) \
    URING(io_uring_submit_and_get_events, EINTR, EAGAIN, EBUSY, ENOMEM) \
    URING(io_uring_submit_and_wait_timeout, EINTR, EAGAIN, EBUSY, ENOMEM) \
    URING(io_uring_get_events, EINTR, EBUSY) \
    OPERATION(receiving, ENOBUFS, ECANCELED, ENOMEM, EAGAIN, EINTR, ECONNRESET) \
    OPERATION(sending, SHORT, EAGAIN, EINTR, ENOMEM, ENOBUFS, ECONNRESET, EPIPE) \
    OPERATION(watching, ENOMEM, ECANCELED) \
    OPERATION(cancelling, ENOENT)
// clang-format on

#define SCARCE_ENUM(name, ...) SCARCE_##name,
enum scarce_kind { SCARCE_CALLS(SCARCE_ENUM, SCARCE_ENUM, SCARCE_ENUM) SCARCE_KINDS };

#endif
