/* A directory of a test's own, and files in it. */
#ifndef TESTS_HELPERS_FILES_H
#define TESTS_HELPERS_FILES_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FILES_CHANGED 784111777 /* when they were: Sun, 06 Nov 1994 08:49:37 GMT */

static char files_directory[40];

static inline int files_begin(void **state)
{
    strcpy(files_directory, "/tmp/pinion-files-XXXXXX");
    return mkdtemp(files_directory) ? 0 : -1;
}

static inline int files_end(void **state)
{
    char command[60];
    snprintf(command, sizeof command, "rm -r '%s'", files_directory);
    return system(command);
}

static inline const char *files_path(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", files_directory, name);
    return path;
}

/* When it was changed, in seconds before or after FILES_CHANGED and nanoseconds. */
static inline void files_set_time(const char *name, long seconds, long nanoseconds)
{
    const struct timespec times[] = { { .tv_nsec = UTIME_OMIT },
                                      { .tv_sec = FILES_CHANGED + seconds, .tv_nsec = nanoseconds } };
    assert_int_equal(utimensat(AT_FDCWD, files_path(name), times, 0), 0);
}

static inline void files_write(const char *name, const char *text)
{
    FILE *file = fopen(files_path(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    files_set_time(name, 0, 0);
}

#endif
