#include "http/open_file.h"
#include "http/content_type.h"
#include "http/open_beneath.h"
#include <errno.h>
#include <pinion/error.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "a file may have more than 4 GiB");

static void describe(const struct stat *st, struct pinion_http_file *file)
{
    file->size = (uint64_t)st->st_size;
    file->modified = st->st_mtim;
    file->dated = st->st_mtim.tv_sec >= 0 && st->st_mtim.tv_sec < time(NULL);
    snprintf(file->etag, sizeof file->etag, "\"%llx-%llx%09lx\"", (unsigned long long)st->st_size,
             (unsigned long long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec);
}

static int classify(int fd, struct pinion_http_file *file)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return PINION_EIO;
    if (S_ISDIR(st.st_mode))
        return PINION_FILE_DIRECTORY;
    if (!S_ISREG(st.st_mode))
        return PINION_ENOENT;
    describe(&st, file);
    return 0;
}

/* True when the path is wrong: there is no such file, a link leads out, or we may not read it. All other
 * errors are not the client's fault. */
static bool is_of_path(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:
    case EACCES:
    case EPERM:
    case ENXIO: /* a socket's name */
    case ENODEV:
    case EINVAL:
        return true;
    default:
        return false;
    }
}

/* PINION_EBUSY: the client may ask again. */
int pinion__file_why_not(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return PINION_EBUSY;
    default:
        return is_of_path(error) ? PINION_ENOENT : PINION_EIO;
    }
}

int pinion__file_open(int directory, const char *name, struct pinion_http_file *file)
{
    *file = (struct pinion_http_file){ .fd = pinion__open_beneath(directory, name) };
    if (file->fd < 0)
        return pinion__file_why_not(errno);
    int rc = classify(file->fd, file);
    if (rc)
        close(file->fd);
    file->content_type = pinion__content_type(name);
    return rc;
}
