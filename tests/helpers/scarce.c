/* A server for which memory and system calls fail when a test wants it: linked instead of what it wraps
 * (--wrap).
 *
 * PINION_SCARCE names a file of 32-bit numbers, which test and server share:
 *
 *   [0] of a million allocations, how many fail      [3] allocations so far
 *   [1] of a million calls, how many fail            [4] of those, how many failed
 *   [2] the one allocation that fails; 0: none       [5] calls that failed
 *                                                    [6] the seed of the choice
 *
 * Calls that move bytes fail by moving one byte too. Which allocations are meant: memory_calls.h.
 */
#include "memory_calls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct control {
    atomic_uint memory;
    atomic_uint calls;
    atomic_uint the_one;
    atomic_uint allocations;
    atomic_uint failed;
    atomic_uint failed_calls;
    atomic_uint seed;
};

static struct control nothing, *control = &nothing;

ssize_t __real_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);

ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);

__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("PINION_SCARCE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) {
        fprintf(stderr, "PINION_SCARCE names no file: nothing fails\n");
        return;
    }
    void *memory = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        control = memory;
    close(fd);
}

/* Numbers below a million. */
static unsigned chance(void)
{
    uint64_t mixed = atomic_fetch_add(&control->seed, 1) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((mixed ^ (mixed >> 31)) % 1000000);
}

/* ---- memory ---- */

bool memory_call_fails(void)
{
    unsigned number = atomic_fetch_add(&control->allocations, 1) + 1;
    if (number != control->the_one && (control->memory == 0 || chance() >= control->memory))
        return false;
    atomic_fetch_add(&control->failed, 1);
    return true;
}

/* ---- calls ---- */

static bool call_fails(void)
{
    if (control->calls == 0 || chance() >= control->calls)
        return false;
    atomic_fetch_add(&control->failed_calls, 1);
    return true;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags)
{
    if (len > 0 && call_fails())
        len = 1;
    return __real_recv(fd, bytes, len, flags);
}

static ssize_t again(void)
{
    errno = EAGAIN;
    return -1;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
    if (call_fails())
        return chance() % 2 ? again() : __real_send(fd, bytes, len > 0, flags);
    return __real_send(fd, bytes, len, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return call_fails() ? again() : __real_sendmsg(fd, message, flags);
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    static const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EINTR };
    if (!call_fails())
        return __real_accept4(fd, address, len, flags);
    errno = errors[chance() % (sizeof errors / sizeof *errors)];
    return -1;
}
