/* Files of cgroups are read below a directory of the test. */
#include "base/processors.h"
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char root[100];

static int make_root(void **state)
{
    const char *place = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/pinion-XXXXXX", place ? place : "/tmp");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void put(const char *path, const char *text)
{
    char command[1000];
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s%s')\" && printf '%%s' '%s' > '%s%s'", root,
             path, text, root, path);
    assert_int_equal(system(command), 0);
}

#define SELF "/proc/self/cgroup"
#define TOP  "/sys/fs/cgroup"

static void expect(unsigned quota)
{
    assert_int_equal(pinion__processors_quota(root), quota);
}

static void no_quota(void **state)
{
    expect(0); /* no cgroups */
    put(SELF, "0::/a/b\n");
    expect(0); /* no file */
    put(TOP "/a/b/cpu.max", "max 100000\n");
    expect(0);
}

static void a_quota_is_rounded_up(void **state)
{
    put(SELF, "0::/a/b\n");
    put(TOP "/a/b/cpu.max", "10000 100000\n");
    expect(1);
    put(TOP "/a/b/cpu.max", "200000 100000\n");
    expect(2);
    put(TOP "/a/b/cpu.max", "200001 100000\n");
    expect(3);
}

static void those_above_count_too(void **state)
{
    put(SELF, "0::/a/b\n");
    put(TOP "/a/b/cpu.max", "400000 100000\n");
    put(TOP "/a/cpu.max", "300000 100000\n");
    expect(3);
    put(TOP "/cpu.max", "100000 100000\n"); /* of a container, whose path is that of the machine */
    expect(1);
}

static void a_path_that_cannot_be_seen(void **state)
{
    put(SELF, "0::/machine/container\n");
    put(TOP "/cpu.max", "150000 100000\n");
    expect(2);
}

static void version_1(void **state)
{
    put(SELF, "12:memory:/m\n4:cpuacct,cpu:/a\n3:cpuset:/s\n0::/\n");
    put(TOP "/cpu/a/cpu.cfs_quota_us", "-1\n");
    put(TOP "/cpu/a/cpu.cfs_period_us", "100000\n");
    expect(0);
    put(TOP "/cpu/a/cpu.cfs_quota_us", "250000\n");
    expect(3);
    put(SELF, "4:cpuset:/a\n");
    expect(0);
}

static void nonsense_is_no_quota(void **state)
{
    static const char *const texts[] = { "",          "x",        "100000", "0 100000",
                                         "-5 100000", "100000 0", "1 -1",   "9223372036854775807 1" };
    put(SELF, "0::/\n");
    put(TOP "/cpu.max", "9223372036854775807 9223372036854775806");
    expect(2);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put(SELF, "0::/\nnothing\n:\n5:cpu\n");
        put(TOP "/cpu.max", texts[i]);
        expect(0);
    }
}

static void those_that_it_may_run_on(void **state)
{
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_in_range(pinion__processors(), 1, CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(pinion__processors(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_quota),
        T(a_quota_is_rounded_up),
        T(those_above_count_too),
        T(a_path_that_cannot_be_seen),
        T(version_1),
        T(nonsense_is_no_quota),
        cmocka_unit_test(those_that_it_may_run_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
