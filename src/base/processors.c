/* Quotas are files of cgroups, version 2 (cpu.max) or 1 (cpu.cfs_*). The quota of each cgroup above counts
 * too. In a container the path of the own cgroup may be that of the machine, which cannot be seen: then the
 * files lie at the top. */
#include "base/processors.h"
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_ROOM 4096

/* ---- the quota of one cgroup ---- */

/* The first line of a file. */
static bool read_line(const char *directory, const char *name, char *line, size_t size)
{
    char path[PATH_ROOM + 32];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, (int)size, file);
    if (file)
        fclose(file);
    return read;
}

/* A number, and what stands behind it. */
static bool read_number(const char **text, int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(*text, &end, 10);
    bool read = end != *text && errno == 0;
    *text = end;
    return read;
}

/* Version 2: "150000 100000", or "max 100000". */
static bool read_v2(const char *directory, int64_t *quota, int64_t *period)
{
    char line[64];
    const char *text = line;
    return read_line(directory, "cpu.max", line, sizeof line) && read_number(&text, quota) &&
           read_number(&text, period);
}

/* Version 1: "150000" and "100000" in two files; -1 stands for no quota. */
static bool read_v1(const char *directory, int64_t *quota, int64_t *period)
{
    char first[32], second[32];
    const char *of_quota = first, *of_period = second;
    return read_line(directory, "cpu.cfs_quota_us", first, sizeof first) &&
           read_line(directory, "cpu.cfs_period_us", second, sizeof second) &&
           read_number(&of_quota, quota) && read_number(&of_period, period);
}

/* Rounded up; 0: it has none. */
static unsigned quota_of(const char *directory)
{
    int64_t quota, period;
    bool known = read_v2(directory, &quota, &period) || read_v1(directory, &quota, &period);
    if (!known || quota <= 0 || period <= 0 || quota / period >= UINT16_MAX)
        return 0;
    return (unsigned)(quota / period + (quota % period > 0));
}

/* ---- the cgroups of this process ---- */

static unsigned lesser(unsigned a, unsigned b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* The least of a cgroup and those above it, up to where the hierarchy is mounted. */
static unsigned least_above(const char *mounted, const char *cgroup)
{
    char directory[PATH_ROOM];
    size_t top = strlen(mounted);
    unsigned least = 0;
    if (snprintf(directory, sizeof directory, "%s%s", mounted, cgroup) >= (int)sizeof directory)
        return 0;
    for (;;) {
        least = lesser(least, quota_of(directory));
        char *slash = strrchr(directory, '/');
        if (!slash || (size_t)(slash - directory) < top)
            return least;
        *slash = '\0';
    }
}

/* Is "cpu" in a list like "cpu,cpuacct"? */
static bool has_cpu(const char *controllers)
{
    size_t len;
    for (; *controllers; controllers += len + (controllers[len] == ',')) {
        len = strcspn(controllers, ",");
        if (len == 3 && memcmp(controllers, "cpu", 3) == 0)
            return true;
    }
    return false;
}

/* A line of /proc/self/cgroup: "4:cpu,cpuacct:/a/b", or "0::/a/b" in version 2. */
static unsigned quota_of_line(const char *root, char *line)
{
    char mounted[PATH_ROOM];
    char *controllers = strchr(line, ':'), *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!cgroup)
        return 0;
    *controllers++ = *cgroup++ = '\0';
    cgroup[strcspn(cgroup, "\n")] = '\0';
    if (*controllers && !has_cpu(controllers))
        return 0;
    snprintf(mounted, sizeof mounted, "%s/sys/fs/cgroup%s", root, *controllers ? "/cpu" : "");
    return least_above(mounted, cgroup);
}

unsigned pinion__processors_quota(const char *root)
{
    char line[PATH_ROOM];
    unsigned least = 0;
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "re");
    while (file && fgets(line, sizeof line, file))
        least = lesser(least, quota_of_line(root, line));
    if (file)
        fclose(file);
    return least;
}

/* ---- together ---- */

/* A set that is too small for the machine is refused: then there are very many. */
static unsigned may_run_on(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : CPU_SETSIZE;
    return count > 0 ? (unsigned)count : 1;
}

unsigned pinion__processors(void)
{
    return lesser(may_run_on(), pinion__processors_quota(""));
}
