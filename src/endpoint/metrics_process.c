/* What the kernel says of this process, under the names that Prometheus uses for every program. What it does
 * not say (no /proc) is left out. */
#include "endpoint/metrics.h"
#include <dirent.h>
#include <fcntl.h>
#include <pinion/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- /proc/self/stat ---- */

enum { STARTED = 22, VIRTUAL = 23, RESIDENT = 24 }; /* its fields, the first one is 1 */

/* The name of the program, the second field, may have blanks and parentheses in it. Returns false if the file
 * cannot be read. */
static bool read_stat(char *text, size_t size)
{
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    if (len <= 0)
        return false;
    text[len] = '\0';
    return strrchr(text, ')') != NULL;
}

static uint64_t field(const char *text, int number)
{
    const char *at = strrchr(text, ')');
    for (int i = 2; at && i < number; i++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The kernel tells it from its boot on. To a hundredth of a second, so that it stays the same. */
static double started_at(const char *stat)
{
    double booted = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
    double started = booted + (double)field(stat, STARTED) / (double)sysconf(_SC_CLK_TCK);
    return (double)(uint64_t)(started * 100 + 0.5) / 100;
}

static void expose_stat(struct pinion_exposition *out)
{
    char stat[1024];
    if (!read_stat(stat, sizeof stat))
        return;
    pinion__exposition_gauge(out, "process_virtual_memory_bytes", "Virtual memory.", field(stat, VIRTUAL));
    pinion__exposition_gauge(out, "process_resident_memory_bytes", "Resident memory.",
                             field(stat, RESIDENT) * (uint64_t)sysconf(_SC_PAGESIZE));
    pinion__exposition_family(out, "process_start_time_seconds", "gauge",
                              "When the process began, in seconds since 1970.");
    pinion__exposition_number(out, NULL, started_at(stat));
}

/* ---- descriptors ---- */

static uint64_t count_entries(const char *path)
{
    uint64_t count = 0;
    DIR *directory = opendir(path);
    if (!directory)
        return 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count - 1; /* without the one that reads them */
}

/* Since Linux 6.2 the size of the directory is their number; before, they have to be counted. 0: not known.
 */
static uint64_t open_descriptors(void)
{
    static const char path[] = "/proc/self/fd";
    struct stat info;
    if (stat(path, &info) != 0)
        return 0;
    return info.st_size > 0 ? (uint64_t)info.st_size : count_entries(path);
}

static void expose_descriptors(struct pinion_exposition *out)
{
    struct rlimit limit;
    uint64_t count = open_descriptors();
    if (count > 0)
        pinion__exposition_gauge(out, "process_open_fds", "Open descriptors.", count);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    pinion__exposition_family(out, "process_max_fds", "gauge", "Descriptors that may be open.");
    pinion__exposition_number(out, NULL, (double)limit.rlim_cur);
}

/* ---- all of them ---- */

void pinion__expose_process(struct pinion_exposition *out)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0) {
        pinion__exposition_family(out, "process_cpu_seconds_total", "counter",
                                  "Processor time, of the kernel for this process too.");
        pinion__exposition_seconds(out, NULL, (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec);
    }
    expose_stat(out);
    expose_descriptors(out);
}

void pinion__expose_build(struct pinion_exposition *out, const char *engine)
{
#ifdef PINION_CHECKS
    static const char checks[] = "true";
#else
    static const char checks[] = "false";
#endif
    const struct pinion_exposition_label labels[] = {
        { "version", pinion_version() }, { "engine", engine }, { "checks", checks }, { NULL, NULL }
    };
    pinion__exposition_family(out, "pinion_build_info", "gauge",
                              "1, labelled with the library's version and the I/O engine.");
    pinion__exposition_count(out, labels, 1);
}
