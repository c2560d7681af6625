/* Static files: from a URL path to an open file below one directory, and never outside of it. */
#ifndef PINION_HTTP_STATIC_H
#define PINION_HTTP_STATIC_H

#include "base/slice.h"
#include <stdint.h>
#include <sys/types.h>

struct pinion_static {
    char *prefix; /* begins with '/', ends with '/' */
    int directory;
};

/* `directory` is sought beside the program's own file first when it is relative. PINION_ENOENT,
 * PINION_ENOMEM; pinion_error_detail says which. */
int pinion__static_init(struct pinion_static *files, const char *prefix, const char *directory);
void pinion__static_release(struct pinion_static *files);

struct pinion_static_file {
    int fd; /* the caller's to close */
    uint64_t size;
    const char *content_type;
    char etag[48]; /* quoted; another one when the file has changed */
};

#define PINION_STATIC_DIRECTORY 1

/* Open the file for a percent-encoded URL path. 0; PINION_ENOENT: not ours, or not there (404);
 * PINION_STATIC_DIRECTORY: a directory whose path lacks the '/' at its end (redirect there); PINION_EPROTO: a
 * broken escape (400); PINION_EBUSY: no descriptors or memory now (503); PINION_EIO (500). */
int pinion__static_open(const struct pinion_static *files, struct pinion_slice path,
                        struct pinion_static_file *file);

/* By the extension of the name; "application/octet-stream" for what is not known. */
const char *pinion__content_type(const char *name);

#endif
