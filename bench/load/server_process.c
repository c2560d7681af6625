#include "server_process.h"
#include "clock.h"
#include "die.h"
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t process_cpu(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        die("there is no process %d", pid);
    return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

/* The number after `name` at the beginning of a line; 0 when the line begins otherwise. */
static uint64_t number_after(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncmp(line, name, len) == 0 ? strtoull(line + len, NULL, 10) : 0;
}

uint64_t process_memory(pid_t pid)
{
    char path[64], line[256];
    uint64_t kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        die("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file))
        kilobytes += number_after(line, "Pss_Anon:") + number_after(line, "Pss_Shmem:");
    fclose(file);
    return kilobytes * 1024;
}

unsigned process_descriptors(pid_t pid)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *descriptors = opendir(path);
    if (!descriptors)
        die("%s: %s", path, strerror(errno));
    const struct dirent *entry;
    while ((entry = readdir(descriptors)))
        count += entry->d_name[0] != '.';
    closedir(descriptors);
    return count;
}

int process_processor(pid_t pid)
{
    cpu_set_t set;
    if (sched_getaffinity(pid, sizeof set, &set) < 0 || CPU_COUNT(&set) != 1)
        return -1;
    int cpu = 0;
    while (!CPU_ISSET((unsigned)cpu, &set))
        cpu++;
    return cpu;
}

/* The numbers after the name in a line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal,
 * in ticks. */
static uint64_t busy_ticks(const char *numbers)
{
    uint64_t busy = 0;
    for (int i = 0; i < 8; i++) {
        char *end;
        uint64_t ticks = strtoull(numbers, &end, 10);
        bool idle = i == 3 || i == 4;
        busy += idle ? 0 : ticks;
        numbers = end;
    }
    return busy;
}

uint64_t processor_busy(int processor)
{
    char name[16], line[512];
    uint64_t ticks = 0;
    size_t len = (size_t)snprintf(name, sizeof name, "cpu%d ", processor);
    FILE *file = processor < 0 ? NULL : fopen("/proc/stat", "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, name, len) == 0)
            ticks = busy_ticks(line + len);
    }
    fclose(file);
    return ticks * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The process of this name, or 0. */
static pid_t find_process(const char *wanted)
{
    char path[64], name[32];
    pid_t pid = 0;
    DIR *processes = opendir("/proc");
    if (!processes)
        return 0;
    const struct dirent *entry;
    while (pid == 0 && (entry = readdir(processes))) {
        snprintf(path, sizeof path, "/proc/%.20s/comm", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (!file)
            continue;
        if (fgets(name, sizeof name, file) && strcmp(name, wanted) == 0)
            pid = (pid_t)strtol(entry->d_name, NULL, 10);
        fclose(file);
    }
    closedir(processes);
    return pid;
}

uint64_t process_softirq(pid_t pid)
{
    static pid_t thread = -1; /* looked up once, since it lives as long as the machine runs */
    char text[64];
    if (thread < 0) {
        snprintf(text, sizeof text, "ksoftirqd/%d\n", process_processor(pid));
        thread = find_process(text);
    }
    if (thread == 0)
        return 0;
    snprintf(text, sizeof text, "/proc/%d/schedstat", thread);
    FILE *file = fopen(text, "re");
    if (!file)
        return 0;
    const char *line = fgets(text, sizeof text, file); /* begins with how long it ran, in nanoseconds */
    fclose(file);
    return line ? strtoull(line, NULL, 10) : 0;
}
