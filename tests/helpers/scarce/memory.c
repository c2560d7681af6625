/* Mappings. Which allocations fail: helpers/memory_calls.h. */
#include "scarce.h"
#include <sys/mman.h>

void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_madvise(void *at, size_t size, int advice);

void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_madvise(void *at, size_t size, int advice);

void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return scarce_errno(SCARCE_mmap64) ? MAP_FAILED : __real_mmap64(at, size, protection, flags, fd, offset);
}

int __wrap_madvise(void *at, size_t size, int advice)
{
    return scarce_errno(SCARCE_madvise) ? -1 : __real_madvise(at, size, advice);
}
