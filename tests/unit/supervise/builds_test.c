/* The files a supervisor starts its children from. */
#include "supervise/builds.h"
#include <fcntl.h>
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct pinion_builds builds;
static char directory[64];

static int setup(void **state)
{
    snprintf(directory, sizeof directory, "/tmp/pinion-builds-XXXXXX");
    assert_non_null(mkdtemp(directory));
    assert_int_equal(pinion__builds_open(&builds), 0);
    snprintf(builds.path, sizeof builds.path, "%s/program", directory);
    return 0;
}

static int teardown(void **state)
{
    pinion__builds_close(&builds);
    unlink(builds.path);
    rmdir(directory);
    return 0;
}

/* A new file at the path: a script that exits with this status. */
static void put(int status)
{
    char other[PATH_MAX + 8];
    snprintf(other, sizeof other, "%s.new", builds.path);
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\nexit %d\n", status);
    fclose(file);
    assert_int_equal(chmod(other, 0755), 0);
    assert_int_equal(rename(other, builds.path), 0);
}

/* What a program of a descriptor exits with; 99: it could not be executed. */
static int executed(int fd)
{
    char *const argv[] = { "program", "-c", "exit 7", NULL };
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        pinion__builds_execute(builds.path, fd, argv);
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

/* Opened, as stat() of that path shows an emulator where there is one. */
static bool is_this_program(int fd)
{
    struct stat own, found;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool same = fstat(self, &own) == 0 && fstat(fd, &found) == 0 && own.st_ino == found.st_ino;
    close(self);
    return same;
}

static void it_begins_with_the_program_that_runs(void **state)
{
    assert_true(is_this_program(builds.ready));
    assert_int_equal(builds.newer, -1);
    assert_false(pinion__builds_can_go_back(&builds));
}

static void what_was_tried_is_kept_or_dropped(void **state)
{
    put(4);
    assert_int_equal(pinion__builds_try(&builds), 0);
    assert_int_equal(executed(builds.newer), 4);
    pinion__builds_drop(&builds);
    assert_true(is_this_program(builds.ready));
    assert_int_equal(pinion__builds_try(&builds), 0);
    pinion__builds_keep(&builds);
    assert_int_equal(executed(builds.ready), 4);
    assert_true(pinion__builds_can_go_back(&builds));
    pinion__builds_go_back(&builds);
    assert_true(is_this_program(builds.ready));
    assert_false(pinion__builds_can_go_back(&builds));
}

static void the_same_file_again_is_no_other_program(void **state)
{
    put(4);
    assert_int_equal(pinion__builds_try(&builds), 0);
    pinion__builds_keep(&builds);
    int before = builds.before;
    assert_int_equal(pinion__builds_try(&builds), 0);
    pinion__builds_keep(&builds);
    assert_int_equal(builds.before, before);
    assert_true(is_this_program(builds.before));
}

/* /bin/sh is a program, whose file can be had by its descriptor alone. */
static void one_whose_file_was_replaced_is_there_all_the_same(void **state)
{
    assert_int_equal(symlink("/bin/sh", builds.path), 0);
    assert_int_equal(pinion__builds_try(&builds), 0);
    pinion__builds_keep(&builds);
    assert_int_equal(executed(builds.ready), 7);
    put(4);
    assert_int_equal(executed(builds.ready), 7);
    unlink(builds.path);
    assert_int_equal(executed(builds.ready), 7);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    assert_int_equal(pinion__builds_try(&builds), PINION_EIO);
    assert_non_null(strstr(pinion_error_detail(), "/program cannot be opened (No such file or directory)"));
    assert_int_equal(builds.newer, -1);
    pinion__builds_drop(&builds);
    pinion__builds_go_back(&builds);
    assert_true(is_this_program(builds.ready));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_begins_with_the_program_that_runs),
        TEST(what_was_tried_is_kept_or_dropped),
        TEST(the_same_file_again_is_no_other_program),
        TEST(one_whose_file_was_replaced_is_there_all_the_same),
        TEST(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
