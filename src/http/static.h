/* Static files. A URL path leads to an open file below one directory, and never outside it. */
#ifndef PINION_HTTP_STATIC_H
#define PINION_HTTP_STATIC_H

#include "base/slice.h"
#include <stdint.h>
#include <sys/types.h>

struct pinion_static {
    char *prefix;  /* begins and ends with '/' */
    int directory; /* a descriptor */
};

/* A relative directory is looked for next to the program's own file first, then in the working directory.
 * PINION_ENOENT; PINION_ENOMEM. */
int pinion__static_init(struct pinion_static *files, const char *prefix, const char *directory);
void pinion__static_release(struct pinion_static *files);

struct pinion_static_file {
    int fd; /* the caller closes it */
    uint64_t size;
    const char *content_type;
    char etag[48]; /* quoted; it changes when the file does */
};

#define PINION_STATIC_DIRECTORY 1

/* Open the file for a percent-encoded URL path. PINION_STATIC_DIRECTORY: the path is a directory without a
 * '/' at the end (redirect to the path with it); PINION_ENOENT: it is not below the prefix, or does not exist
 * (404); PINION_EPROTO: a broken escape (400); PINION_EBUSY: no descriptors or no memory now (503);
 * PINION_EIO (500). */
int pinion__static_open(const struct pinion_static *files, struct pinion_slice path,
                        struct pinion_static_file *file);

/* True when pinion__static_open would find a file or a directory. */
bool pinion__static_has(const struct pinion_static *files, struct pinion_slice path);

#endif
