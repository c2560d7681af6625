/* micro: the nanoseconds of each micro-benchmark.
 * micro --list: their names, and how many operations a run has.
 * micro --about: what it was compiled with; figures of different compilers cannot be compared.
 * micro --once [NAME]: one run of one of them, or of each; valgrind counts micro_measured(). See
 * bench/micro/check.mjs. */
#include "micro.h"
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define REPETITIONS 15 /* of which the fastest counts */

static const struct micro *const subjects[] = { micro_json,     micro_serializers, micro_ws_frames,
                                                micro_registry, micro_outbox,      NULL };

void micro_fail(const char *what)
{
    fprintf(stderr, "micro: %s failed\n", what);
    exit(1);
}

char *micro_payload(size_t size)
{
    static const char head[] = "{\"id\":1234567,\"from\":\"ann\",\"body\":\"";
    static const char words[] = "it is a long way to the sea, and the road is dry; ";
    static const char tail[] = "\",\"ok\":true,\"at\":1.5e9}";
    char *text = malloc(size + 1);
    if (!text || size < sizeof head + sizeof tail)
        micro_fail("a payload");
    size_t at = strlen(head), end = size - strlen(tail);
    memcpy(text, head, at);
    for (size_t i = 0; at < end; i++)
        text[at++] = words[i % strlen(words)];
    memcpy(text + end, tail, sizeof tail);
    return text;
}

static uint64_t operations_of(const struct micro *micro)
{
    return (uint64_t)micro->iterations * (micro->operations ? micro->operations : 1);
}

/* It is not inlined, so that valgrind finds it by its name. */
void micro_measured(const struct micro *micro);
__attribute__((noinline)) void micro_measured(const struct micro *micro)
{
    micro->run(micro->iterations, micro->size);
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void run_once(const struct micro *micro)
{
    micro->set_up(micro->size);
    micro_measured(micro);
    micro->tear_down();
}

static void time_it(const struct micro *micro)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < REPETITIONS; i++) {
        micro->set_up(micro->size);
        uint64_t began = now_ns();
        micro_measured(micro);
        uint64_t took = now_ns() - began;
        if (took < best)
            best = took;
        micro->tear_down();
    }
    printf("%s %.2f\n", micro->name, (double)best / (double)operations_of(micro));
}

static void about(void)
{
    struct utsname machine;
    uname(&machine);
    printf("compiler %s, glibc %s, %s\n", __VERSION__, gnu_get_libc_version(), machine.machine);
}

static void list(const struct micro *micro)
{
    printf("%s %llu\n", micro->name, (unsigned long long)operations_of(micro));
}

/* Run those of this name (NULL: all). Returns how many there were. */
static unsigned each(const char *name, void (*act)(const struct micro *micro))
{
    unsigned count = 0;
    for (const struct micro *const *subject = subjects; *subject; subject++) {
        for (const struct micro *micro = *subject; micro->name; micro++) {
            if (name && strcmp(micro->name, name) != 0)
                continue;
            act(micro);
            count++;
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        each(NULL, time_it);
    } else if (argc == 2 && strcmp(argv[1], "--about") == 0) {
        about();
    } else if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        each(NULL, list);
    } else if (argc <= 3 && strcmp(argv[1], "--once") == 0) {
        if (each(argv[2], run_once) == 0)
            micro_fail("finding one of that name");
    } else {
        fputs("usage: micro [--about | --list | --once [NAME]]\n", stderr);
        return 2;
    }
    return 0;
}
