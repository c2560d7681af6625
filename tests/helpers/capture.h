/* What a test's own process writes to stderr. A pipe holds it, so it must stay below 64 KiB. */
#ifndef PINION_TESTS_CAPTURE_H
#define PINION_TESTS_CAPTURE_H

#include <pinion/log.h>
#include <stdio.h>
#include <unistd.h>

struct capture {
    int reader;
    int saved_stderr;
};

/* -1 when the system refuses. */
static inline int capture_begin(struct capture *capture)
{
    int ends[2];

    if (pipe(ends) != 0)
        return -1;
    fflush(stderr);
    pinion_log_flush();
    capture->reader = ends[0];
    capture->saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return 0;
}

/* Restore stderr; what was written, terminated and cut at size. */
static inline void capture_end(struct capture *capture, char *out, size_t size)
{
    size_t length = 0;
    ssize_t n;

    fflush(stderr);
    pinion_log_flush();
    dup2(capture->saved_stderr, STDERR_FILENO);
    close(capture->saved_stderr);
    while (length < size - 1 && (n = read(capture->reader, out + length, size - 1 - length)) > 0)
        length += (size_t)n;
    close(capture->reader);
    out[length] = '\0';
}

#endif
