#include "scarce.h"
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_open64(const char *path, int flags, ...);
int __real_openat64(int directory, const char *path, int flags, ...);
int __real___openat64_2(int directory, const char *path, int flags);
long __real_syscall(long number, ...);
int __real_fstat64(int fd, struct stat *out);
int __real_stat64(const char *path, struct stat *out);
ssize_t __real_readlink(const char *path, char *out, size_t size);
int __real_fcntl64(int fd, int command, ...);
int __real_dup2(int from, int to);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_eventfd(unsigned first, int flags);
int __real_signalfd(int fd, const sigset_t *signals, int flags);

int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);
int __wrap___openat64_2(int directory, const char *path, int flags);
long __wrap_syscall(long number, ...);
int __wrap_fstat64(int fd, struct stat *out);
int __wrap_stat64(const char *path, struct stat *out);
ssize_t __wrap_readlink(const char *path, char *out, size_t size);
int __wrap_fcntl64(int fd, int command, ...);
int __wrap_dup2(int from, int to);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_eventfd(unsigned first, int flags);
int __wrap_signalfd(int fd, const sigset_t *signals, int flags);

/* ---- opening: nothing is created, so there is no mode ---- */

int __wrap_open64(const char *path, int flags, ...)
{
    return scarce_errno(SCARCE_open64) ? -1 : __real_open64(path, flags);
}

int __wrap_openat64(int directory, const char *path, int flags, ...)
{
    return scarce_errno(SCARCE_openat64) ? -1 : __real_openat64(directory, path, flags);
}

int __wrap___openat64_2(int directory, const char *path, int flags)
{
    return scarce_errno(SCARCE___openat64_2) ? -1 : __real___openat64_2(directory, path, flags);
}

/* openat2(2) is the one of ours that the C library has no function for. */
long __wrap_syscall(long number, ...)
{
    long words[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        words[i] = va_arg(rest, long);
    va_end(rest);
    return scarce_errno(SCARCE_syscall)
               ? -1
               : __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/* ---- asking ---- */

int __wrap_fstat64(int fd, struct stat *out)
{
    return scarce_errno(SCARCE_fstat64) ? -1 : __real_fstat64(fd, out);
}

int __wrap_stat64(const char *path, struct stat *out)
{
    return scarce_errno(SCARCE_stat64) ? -1 : __real_stat64(path, out);
}

ssize_t __wrap_readlink(const char *path, char *out, size_t size)
{
    return scarce_errno(SCARCE_readlink) ? -1 : __real_readlink(path, out, size);
}

/* ---- descriptors ---- */

/* Only what makes a descriptor can fail on one that is open. */
int __wrap_fcntl64(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    long argument = va_arg(rest, long);
    va_end(rest);
    if (command == F_DUPFD_CLOEXEC && scarce_errno(SCARCE_fcntl64))
        return -1;
    return __real_fcntl64(fd, command, argument);
}

int __wrap_dup2(int from, int to)
{
    return scarce_errno(SCARCE_dup2) ? -1 : __real_dup2(from, to);
}

int __wrap_eventfd(unsigned first, int flags)
{
    return scarce_errno(SCARCE_eventfd) ? -1 : __real_eventfd(first, flags);
}

int __wrap_signalfd(int fd, const sigset_t *signals, int flags)
{
    return scarce_errno(SCARCE_signalfd) ? -1 : __real_signalfd(fd, signals, flags);
}

/* ---- reading and writing ---- */

static bool is_file(int fd)
{
    struct stat st;
    return __real_fstat64(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    int error = scarce(SCARCE_read);
    if (!error)
        return __real_read(fd, bytes, len);
    if (error == SHORT && is_file(fd))
        return __real_read(fd, bytes, 1);
    errno = is_file(fd) ? error : EINTR;
    return -1;
}

/* Of what is not the log, an eventfd: to that a signal can happen. */
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    int error = scarce(SCARCE_write);
    if (!error)
        return __real_write(fd, bytes, len);
    if (error == SHORT && fd == STDERR_FILENO)
        return __real_write(fd, bytes, 1);
    errno = fd == STDERR_FILENO ? error : EINTR;
    return -1;
}
