/* A file below a directory, open, with what answers say about it. */
#ifndef PINION_HTTP_OPEN_FILE_H
#define PINION_HTTP_OPEN_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define PINION_HTTP_FILE_NAME 1100 /* bytes of the longest name, with the terminator */

struct pinion_http_file {
    int fd; /* the caller closes it */
    uint64_t size;
    struct timespec modified;
    bool dated;           /* `modified` is in a second that is over: the file has not changed twice in it */
    bool varies;          /* it lies there in several codings */
    const char *encoding; /* the coding that it has; NULL: none */
    const char *content_type;
    char etag[56]; /* quoted; it changes when the file does */
};

#define PINION_FILE_DIRECTORY 1

/* Open the file of this relative name, as pinion__open_beneath. PINION_FILE_DIRECTORY: it is a directory;
 * PINION_ENOENT: there is no such file, a link leads out, or we may not read it; PINION_EBUSY: there are no
 * descriptors or no memory now; PINION_EIO. */
int pinion__file_open(int directory, const char *name, struct pinion_http_file *file);

/* What an error of opening means: PINION_ENOENT, PINION_EBUSY or PINION_EIO, as above. */
int pinion__file_why_not(int error);

#endif
