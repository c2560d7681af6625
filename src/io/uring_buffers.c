/* The buffers that all connections receive into. */
#include "base/log.h"
#include "io/uring_int.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFER_SIZE_DEFAULT 2048
#define BUFFERS_DEFAULT     512
#define BUFFERS_MAX         32768

/* One mapping contains the ring and, behind it, the bytes. */
static size_t ring_bytes(const struct uring_buffers *buffers)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (buffers->count * sizeof(struct io_uring_buf) + page - 1) / page * page;
}

static size_t mapped_bytes(const struct uring_buffers *buffers)
{
    return ring_bytes(buffers) + buffers->count * buffers->size;
}

static void add_buffer(struct uring_buffers *buffers, unsigned id, unsigned at)
{
    io_uring_buf_ring_add(buffers->ring, buffers->bytes + id * buffers->size, (unsigned)buffers->size,
                          (unsigned short)id, io_uring_buf_ring_mask(buffers->count), (int)at);
}

static unsigned power_of_two(unsigned count)
{
    unsigned power = 1;

    while (power < count && power < BUFFERS_MAX)
        power *= 2;
    return power;
}

/* All pages are created now, so that the first use costs no page faults. The kernel wants the ring to begin
 * with a page. */
static int allocate(struct uring_buffers *buffers)
{
    void *memory = mmap(NULL, mapped_bytes(buffers), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (memory == MAP_FAILED)
        return PINION_ENOMEM;
    buffers->ring = memory;
    buffers->bytes = (uint8_t *)memory + ring_bytes(buffers);
    return 0;
}

int pinion__uring_buffers_init(struct uring_engine *engine, const struct pinion_loop_options *options)
{
    struct uring_buffers *buffers = &engine->buffers;

    buffers->size = options->recv_buffer_size ? options->recv_buffer_size : BUFFER_SIZE_DEFAULT;
    buffers->count = power_of_two(options->recv_buffers ? options->recv_buffers : BUFFERS_DEFAULT);
    buffers->piece_size = options->recv_buffer_size ? options->recv_buffer_size : PINION_RECV_PIECE;
    buffers->piece = pinion__uring_touched(buffers->piece_size);
    int rc = buffers->piece ? allocate(buffers) : PINION_ENOMEM;
    if (rc)
        return rc;
    struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)buffers->ring,
                                    .ring_entries = buffers->count,
                                    .bgid = URING_BUFFER_GROUP };
    rc = io_uring_register_buf_ring(&engine->ring, &reg, 0);
    if (rc)
        return pinion__fail(PINION_EIO, "io_uring: cannot register receive buffers: %s", strerror(-rc));
    for (unsigned id = 0; id < buffers->count; id++)
        add_buffer(buffers, id, id);
    io_uring_buf_ring_advance(buffers->ring, (int)buffers->count);
    return 0;
}

void pinion__uring_buffers_release(struct uring_engine *engine)
{
    struct uring_buffers *buffers = &engine->buffers;

    free(buffers->piece);
    if (buffers->ring)
        munmap(buffers->ring, mapped_bytes(buffers));
}

void pinion__uring_buffer_return(struct uring_buffers *buffers, unsigned id)
{
    add_buffer(buffers, id, 0);
    io_uring_buf_ring_advance(buffers->ring, 1);
}
