#include "http/static.h"
#include "base/log.h"
#include "http/encoded.h"
#include "proto/http1.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_LEN_MAX 1024
#define INDEX        "index.html"

_Static_assert(PATH_LEN_MAX + sizeof INDEX <= PINION_HTTP_FILE_NAME, "the longest name fits");

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

int pinion__static_directory(const char *directory)
{
    int fd = directory[0] == '/' ? -1 : open_beside_program(directory);
    return fd < 0 ? open_directory(directory) : fd;
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
    files->directory = pinion__static_directory(directory);
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

bool pinion__static_is_plain(const char *path)
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

/* "%2f" stands for a slash within a segment, and no file has such a name. To the routes, which have looked at
 * the path before, it was one segment too. */
static bool has_encoded_slash(struct pinion_slice path)
{
    for (size_t i = 0; i + 2 < path.len; i++) {
        if (path.ptr[i] == '%' && path.ptr[i + 1] == '2' && (path.ptr[i + 2] | 0x20) == 'f')
            return true;
    }
    return false;
}

/* The name of a path's file, below the directory: within `name`, which has PINION_HTTP_FILE_NAME bytes. */
static int name_of(const struct pinion_static *files, struct pinion_slice path, char *name,
                   const char **relative)
{
    size_t prefix = strlen(files->prefix);
    if (path.len > PATH_LEN_MAX || has_encoded_slash(path))
        return PINION_ENOENT;
    long len = pinion__http1_decode_path(path, name);
    if (len < 0)
        return PINION_EPROTO;
    name[len] = '\0';
    if (strncmp(name, files->prefix, prefix) != 0 || !pinion__static_is_plain(name + prefix))
        return PINION_ENOENT;
    if (name[len - 1] == '/')
        memcpy(name + len, INDEX, sizeof INDEX);
    *relative = name + prefix;
    return 0;
}

int pinion__static_open(const struct pinion_static *files, const struct pinion_http_request *request,
                        struct pinion_http_file *file)
{
    char name[PINION_HTTP_FILE_NAME];
    const char *relative = NULL;
    int rc = name_of(files, request->path, name, &relative);
    if (!rc)
        rc = pinion__file_open(files->directory, relative, file);
    if (!rc)
        pinion__file_encode(files->directory, relative, request, file);
    return rc;
}

bool pinion__static_has(const struct pinion_static *files, struct pinion_slice path)
{
    struct pinion_http_file file;
    char name[PINION_HTTP_FILE_NAME];
    const char *relative = NULL;
    int rc = name_of(files, path, name, &relative);
    if (!rc)
        rc = pinion__file_open(files->directory, relative, &file);
    if (rc == 0)
        close(file.fd);
    return rc == 0 || rc == PINION_FILE_DIRECTORY;
}
