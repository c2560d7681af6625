#include "http/static.h"
#include "base/log.h"
#include "http/content_type.h"
#include "http/open_beneath.h"
#include "proto/http1.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN_MAX 1024

/* ---- the directory ---- */

static int open_directory(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Open the directory relative to the program's own file. Returns a descriptor, or -1. */
static int open_beside_program(const char *directory)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len <= 0)
        return -1;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    size_t room = sizeof path - (size_t)(slash + 1 - path);
    if (snprintf(slash + 1, room, "%s", directory) >= (int)room)
        return -1;
    return open_directory(path);
}

static char *with_slashes(const char *prefix)
{
    size_t len = strlen(prefix);
    char *copy = malloc(len + 2);
    if (!copy)
        return NULL;
    memcpy(copy, prefix, len + 1);
    if (len == 0 || prefix[len - 1] != '/')
        memcpy(copy + len, "/", 2);
    return copy;
}

int pinion__static_init(struct pinion_static *files, const char *prefix, const char *directory)
{
    files->directory = directory[0] == '/' ? -1 : open_beside_program(directory);
    if (files->directory < 0)
        files->directory = open_directory(directory);
    if (files->directory < 0)
        return pinion__fail(PINION_ENOENT, "static files: cannot open the directory \"%s\": %s", directory,
                            strerror(errno));
    files->prefix = with_slashes(prefix);
    if (!files->prefix) {
        close(files->directory);
        return PINION_ENOMEM;
    }
    return 0;
}

void pinion__static_release(struct pinion_static *files)
{
    close(files->directory);
    free(files->prefix);
}

/* ---- the file ---- */

/* True when every component is a plain name: not "..", not ".", not hidden, not empty. Paths below
 * .well-known/ (RFC 8615) are meant to be public, although this name is a hidden one. */
static bool is_plain(const char *path)
{
    static const char well_known[] = ".well-known/";
    const char *component = path;
    if (strncmp(path, well_known, sizeof well_known - 1) == 0)
        component += sizeof well_known - 1;
    for (;;) {
        const char *slash = strchr(component, '/');
        bool last = slash == NULL;
        if (component[0] == '.' || (component[0] == '\0' && !last) || component[0] == '/')
            return false;
        if (last)
            return true;
        component = slash + 1;
    }
}

static int classify(int fd, struct pinion_static_file *file)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return PINION_EIO;
    if (S_ISDIR(st.st_mode))
        return PINION_STATIC_DIRECTORY;
    if (!S_ISREG(st.st_mode))
        return PINION_ENOENT;
    file->size = (uint64_t)st.st_size;
    snprintf(file->etag, sizeof file->etag, "\"%llx-%llx%09lx\"", (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
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

/* PINION_EBUSY: there are no descriptors or no memory now, so the client may ask again. */
static int why_not(int error)
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

static int open_file(const struct pinion_static *files, const char *name, struct pinion_static_file *file)
{
    int fd = pinion__open_beneath(files->directory, name);
    if (fd < 0)
        return why_not(errno);
    int rc = classify(fd, file);
    if (rc) {
        close(fd);
        return rc;
    }
    file->fd = fd;
    file->content_type = pinion__content_type(name);
    return 0;
}

int pinion__static_open(const struct pinion_static *files, struct pinion_slice path,
                        struct pinion_static_file *file)
{
    char name[PATH_LEN_MAX + sizeof "index.html"];
    size_t prefix = strlen(files->prefix);
    if (path.len > PATH_LEN_MAX)
        return PINION_ENOENT;
    long len = pinion__http1_decode_path(path, name);
    if (len < 0)
        return PINION_EPROTO;
    name[len] = '\0';
    if (strncmp(name, files->prefix, prefix) != 0)
        return PINION_ENOENT;
    char *relative = name + prefix;
    if (!is_plain(relative))
        return PINION_ENOENT;
    if (name[len - 1] == '/')
        memcpy(name + len, "index.html", sizeof "index.html");
    return open_file(files, relative, file);
}

bool pinion__static_has(const struct pinion_static *files, struct pinion_slice path)
{
    struct pinion_static_file file;
    int rc = pinion__static_open(files, path, &file);
    if (rc == 0)
        close(file.fd);
    return rc == 0 || rc == PINION_STATIC_DIRECTORY;
}
