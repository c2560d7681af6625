#include "supervise/builds.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <pinion/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF    "/proc/self/exe"
#define DELETED " (deleted)" /* the kernel appends this to the name of a deleted file */

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Is it the same file, unchanged? */
static bool same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size &&
           one->st_mtim.tv_sec == other->st_mtim.tv_sec && one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

static bool same_file(int one, int other)
{
    struct stat a, b;
    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && same(&a, &b);
}

/* The program's file may have been replaced before we started: newer ones are still found under its name. */
static void cut_deleted(char *path)
{
    size_t len = strlen(path), end = strlen(DELETED);
    if (len > end && strcmp(path + len - end, DELETED) == 0 && access(path, F_OK) != 0)
        path[len - end] = '\0';
}

int pinion__builds_open(struct pinion_builds *builds)
{
    builds->newer = builds->before = -1;
    builds->ready = open(SELF, O_PATH | O_CLOEXEC);
    ssize_t len = readlink(SELF, builds->path, sizeof builds->path - 1);
    if (builds->ready < 0 || len <= 0)
        return pinion__fail(PINION_EIO, "supervisor: cannot find out the program's file: %s",
                            strerror(errno));
    builds->path[len] = '\0';
    cut_deleted(builds->path);
    return 0;
}

void pinion__builds_close(struct pinion_builds *builds)
{
    close_one(&builds->ready);
    close_one(&builds->newer);
    close_one(&builds->before);
}

int pinion__builds_try(struct pinion_builds *builds)
{
    close_one(&builds->newer);
    builds->newer = open(builds->path, O_PATH | O_CLOEXEC);
    if (builds->newer >= 0)
        return 0;
    return pinion__fail(PINION_EIO, "%s cannot be opened (%s)", builds->path, strerror(errno));
}

void pinion__builds_keep(struct pinion_builds *builds)
{
    if (builds->newer < 0 || same_file(builds->newer, builds->ready)) {
        close_one(&builds->newer);
        return;
    }
    close_one(&builds->before);
    builds->before = builds->ready;
    builds->ready = builds->newer;
    builds->newer = -1;
}

void pinion__builds_drop(struct pinion_builds *builds)
{
    close_one(&builds->newer);
}

bool pinion__builds_can_go_back(const struct pinion_builds *builds)
{
    return builds->before >= 0;
}

void pinion__builds_go_back(struct pinion_builds *builds)
{
    if (builds->before < 0)
        return;
    close_one(&builds->ready);
    builds->ready = builds->before;
    builds->before = -1;
}

void pinion__builds_execute(const char *path, int fd, char *const argv[])
{
    char name[32];
    struct stat there, wanted;
    if (stat(path, &there) == 0 && fstat(fd, &wanted) == 0 && same(&there, &wanted)) {
        execv(path, argv);
        return;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    execv(name, argv);
}
