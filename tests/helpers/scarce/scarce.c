#include "scarce.h"
#include "helpers/memory_calls.h"
#include <fcntl.h>
#include <pinion/pinion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ONE_IN_A_MILLION 1000000u
#define WAYS_MAX         8

#define ROW(name, ...) { #name, { __VA_ARGS__, 0 } },
static const struct {
    const char *name;
    int errors[WAYS_MAX + 1];
} table[] = { SCARCE_CALLS(ROW, ROW, ROW) };

static struct scarce_control nothing, *control = &nothing;

int __real_open64(const char *path, int flags, ...);
void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_pinion_endpoint_run(pinion_endpoint *endpoint);
int __wrap_pinion_endpoint_run(pinion_endpoint *endpoint);

__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("PINION_SCARCE");
    int fd = path ? __real_open64(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) {
        fprintf(stderr, "PINION_SCARCE names no file: nothing fails\n");
        return;
    }
    void *memory = __real_mmap64(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        control = memory;
    close(fd);
}

unsigned scarce_chance(void)
{
    uint64_t mixed = atomic_fetch_add(&control->seed, 1) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((mixed ^ (mixed >> 31)) % ONE_IN_A_MILLION);
}

static bool is_chosen(unsigned number, unsigned the_one, unsigned of_a_million)
{
    return number == the_one || (of_a_million && scarce_chance() < of_a_million);
}

bool memory_call_fails(void)
{
    unsigned number = atomic_fetch_add(&control->allocations, 1) + 1;
    if (!is_chosen(number, control->the_allocation, control->memory))
        return false;
    atomic_fetch_add(&control->failed, 1);
    return true;
}

static unsigned ways_of(enum scarce_kind kind)
{
    unsigned ways = 0;
    while (table[kind].errors[ways])
        ways++;
    return ways;
}

static const char *name_of(int error)
{
    if (error == SHORT)
        return "short";
    return error == FAILED ? "fails" : strerrorname_np(error < 0 ? -error : error);
}

/* Of the one that was chosen: of many, several threads would write it. */
static void tell(enum scarce_kind kind, int error)
{
    control->ways = ways_of(kind);
    snprintf(control->name, sizeof control->name, "%s: %s, process %d", table[kind].name, name_of(error),
             (int)getpid());
}

int scarce(enum scarce_kind kind)
{
    unsigned number = atomic_fetch_add(&control->called, 1) + 1;
    if (!is_chosen(number, control->the_call, control->calls))
        return 0;
    unsigned way = control->calls ? scarce_chance() : control->way;
    int error = table[kind].errors[way % ways_of(kind)];
    if (!control->calls)
        tell(kind, error);
    atomic_fetch_add(&control->failed_calls, 1);
    return error;
}

bool scarce_errno(enum scarce_kind kind)
{
    int error = scarce(kind);
    if (error)
        errno = error;
    return error;
}

int __wrap_pinion_endpoint_run(pinion_endpoint *endpoint)
{
    const char *files = getenv("PINION_SCARCE_FILES");
    int rc = files ? pinion_endpoint_static(endpoint, "/files", files) : 0;
    return rc ? rc : __real_pinion_endpoint_run(endpoint);
}
