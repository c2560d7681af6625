/* Input against a guard page: the bytes end where a page that may not be touched begins, so a parser that
 * reads one byte too far crashes there and then. */
#ifndef PINION_TESTS_GUARD_H
#define PINION_TESTS_GUARD_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    char *start;
    char *fence; /* the first byte of the guard page */
};

/* Room for inputs of up to max bytes. */
static inline struct guard guard_new(size_t max)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (max / page + 1) * page;
    char *start = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + room, page, PROT_NONE) != 0)
        abort();
    return (struct guard){ .start = start, .fence = start + room };
}

/* A copy of the bytes, flush against the guard page; valid until the next call. */
static inline char *guard_place(struct guard *guard, const void *bytes, size_t len)
{
    if (len > (size_t)(guard->fence - guard->start))
        abort();
    return len ? memcpy(guard->fence - len, bytes, len) : guard->fence;
}

static inline void guard_free(struct guard *guard)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(guard->start, (size_t)(guard->fence - guard->start) + page);
}

#endif
