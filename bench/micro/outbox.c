/* What a delivery does to a connection's queue: a frame is queued, gathered, and taken out; the same with
 * four frames. */
#include "io/outbox.h"
#include "micro.h"

#define BATCH 4

static struct pinion_outbox_pool pool;
static struct pinion_outbox outbox;
static struct pinion_frame *frame;

static void set_up(size_t size)
{
    pool = (struct pinion_outbox_pool){ .max = 64 };
    outbox = (struct pinion_outbox){ 0 };
    frame = pinion__frame_new(size);
    if (!frame)
        micro_fail("a frame");
    frame->body_len = size;
}

static void tear_down(void)
{
    pinion__outbox_clear(&outbox, &pool);
    pinion__outbox_pool_release(&pool);
    pinion__frame_unref(frame);
}

static void send_lots(unsigned iterations, unsigned lot)
{
    struct iovec iov[BATCH];
    size_t bytes;
    for (unsigned i = 0; i < iterations; i++) {
        for (unsigned k = 0; k < lot; k++)
            micro_must(pinion__outbox_push(&outbox, &pool, pinion__frame_ref(frame)), "queueing");
        if (pinion__outbox_gather(&outbox, iov, BATCH, &bytes) != lot)
            micro_fail("gathering");
        pinion__outbox_consume(&outbox, &pool, bytes);
    }
}

static void one(unsigned iterations, size_t size)
{
    send_lots(iterations, 1);
}

static void four(unsigned iterations, size_t size)
{
    send_lots(iterations, BATCH);
}

const struct micro micro_outbox[] = {
    { "outbox/one", 50000, 1, 64, set_up, one, tear_down },
    { "outbox/four-each", 20000, BATCH, 64, set_up, four, tear_down },
    { 0 },
};
