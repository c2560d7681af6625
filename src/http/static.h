/* Static files. A URL path leads to an open file below one directory, and never outside it. */
#ifndef PINION_HTTP_STATIC_H
#define PINION_HTTP_STATIC_H

#include "base/slice.h"
#include "http/open_file.h"

struct pinion_http_request;

struct pinion_static {
    char *prefix;  /* begins and ends with '/' */
    int directory; /* a descriptor */
};

/* PINION_ENOENT; PINION_ENOMEM. */
int pinion__static_init(struct pinion_static *files, const char *prefix, const char *directory);
void pinion__static_release(struct pinion_static *files);

/* Open the file for the percent-encoded path of a request, in a coding that the client takes.
 * PINION_FILE_DIRECTORY: the path is a directory without a '/' at the end (redirect to the path with it);
 * PINION_ENOENT: it is not below the prefix, or does not exist (404); PINION_EPROTO: a broken escape (400);
 * PINION_EBUSY: no descriptors or no memory now (503); PINION_EIO (500). */
int pinion__static_open(const struct pinion_static *files, const struct pinion_http_request *request,
                        struct pinion_http_file *file);

/* True when there is a file or a directory at this path. */
bool pinion__static_has(const struct pinion_static *files, struct pinion_slice path);

/* Open a directory. A relative one is looked for next to the program's own file first, then in the working
 * directory. Returns a descriptor, or -1 with errno. */
int pinion__static_directory(const char *directory);

/* True when every component of a relative path is a plain name: not "..", not ".", not hidden, not empty. The
 * last one may be empty. Paths below .well-known/ (RFC 8615) are meant to be public, although this name is a
 * hidden one. */
bool pinion__static_is_plain(const char *path);

#endif
