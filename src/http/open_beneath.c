/* openat2(2) with RESOLVE_BENEATH lets the kernel check each step of the path. So even a link that is changed
 * meanwhile cannot lead out. Kernels before 5.6 do not have it, and old sandboxes forbid it: then we walk the
 * path one component at a time. */
#include "http/open_beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define TRIES      4

/* Copy the first component of *path to name, and move *path behind it and its slashes. */
static int next_component(const char **path, char name[NAME_MAX + 1])
{
    size_t len = strcspn(*path, "/");
    if (len > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, *path, len);
    name[len] = '\0';
    *path += len;
    *path += strspn(*path, "/");
    return 0;
}

int pinion__open_without_links(int directory, const char *path)
{
    char name[NAME_MAX + 1];
    int at = directory, fd = -1;
    for (;;) {
        int rc = next_component(&path, name);
        int flags = *path ? O_PATH | O_DIRECTORY | O_CLOEXEC : FILE_FLAGS;
        fd = rc == 0 ? openat(at, name, flags | O_NOFOLLOW) : -1;
        int error = errno;
        if (at != directory)
            close(at);
        errno = error;
        if (fd < 0 || !*path)
            return fd;
        at = fd;
    }
}

/* EAGAIN means that something was renamed meanwhile, and the kernel could not be certain: try again. */
static int open_by_kernel(int directory, const char *path)
{
    struct open_how how = { .flags = FILE_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    int fd = -1;
    for (int i = 0; i < TRIES; i++) {
        fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd;
}

int pinion__open_beneath(int directory, const char *path)
{
    int fd = open_by_kernel(directory, path);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return fd;
    return pinion__open_without_links(directory, path);
}
