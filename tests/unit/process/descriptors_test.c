/* Descriptors 0 to 2 of a process that was started without them. */
#include "process/descriptors.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_null(int fd)
{
    struct stat null, found;
    return stat("/dev/null", &null) == 0 && fstat(fd, &found) == 0 && found.st_rdev == null.st_rdev &&
           S_ISCHR(found.st_mode);
}

/* Has 0 to 2 closed, those of the bits in `closed`, and says which are /dev/null afterwards. */
static int opened(int closed)
{
    int kept[3], null = 0;
    for (int fd = 0; fd < 3; fd++) {
        kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        dup2(kept[0] >= 0 ? kept[0] : 0, fd);
        if (closed & 1 << fd)
            close(fd);
    }
    pinion__open_standard_descriptors();
    for (int fd = 0; fd < 3; fd++)
        null |= is_null(fd) && (closed & 1 << fd) ? 1 << fd : 0;
    for (int fd = 0; fd < 3; fd++) {
        dup2(kept[fd], fd);
        close(kept[fd]);
    }
    return null;
}

static void those_that_are_closed_are_opened(void **state)
{
    for (int closed = 0; closed < 8; closed++)
        assert_int_equal(opened(closed), closed);
}

static void those_that_are_open_stay(void **state)
{
    int ends[2], saved = fcntl(1, F_DUPFD_CLOEXEC, 10);
    struct stat before, after;
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], 1), 1);
    assert_int_equal(fstat(1, &before), 0);
    pinion__open_standard_descriptors();
    assert_int_equal(fstat(1, &after), 0);
    dup2(saved, 1);
    assert_int_equal(before.st_ino, after.st_ino);
    close(ends[0]);
    close(ends[1]);
    close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_are_closed_are_opened),
        cmocka_unit_test(those_that_are_open_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
