/* What a delivery does to a connection's queue: a frame is queued, gathered, and taken out; the same with
 * four frames, and with broadcasts to many connections, sixteen in a turn. */
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

#define CONNS      64
#define TOGETHER   16
#define BROADCASTS (CONNS * TOGETHER)

static struct pinion_outbox crowd[CONNS];

static void to_all(struct pinion_frame *broadcast, size_t size)
{
    broadcast->body_len = size;
    broadcast->droppable = true;
    for (unsigned i = 0; i < CONNS; i++)
        micro_must(pinion__outbox_push_joined(&crowd[i], &pool, pinion__frame_ref(broadcast)), "queueing");
    pinion__frame_unref(broadcast);
}

static void broadcast_one(size_t size)
{
    struct pinion_frame *broadcast = pinion__frame_new(size);
    if (broadcast)
        to_all(broadcast, size);
    else
        micro_fail("a frame");
}

static void together(unsigned iterations, size_t size)
{
    struct iovec iov[BATCH];
    size_t bytes;
    for (unsigned i = 0; i < iterations; i++) {
        for (unsigned k = 0; k < TOGETHER; k++)
            broadcast_one(size);
        for (unsigned k = 0; k < CONNS; k++) {
            if (pinion__outbox_gather(&crowd[k], iov, BATCH, &bytes) != 1)
                micro_fail("gathering");
            pinion__outbox_clear(&crowd[k], &pool);
        }
    }
}

const struct micro micro_outbox[] = {
    { "outbox/one", 50000, 1, 64, set_up, one, tear_down },
    { "outbox/four-each", 20000, BATCH, 64, set_up, four, tear_down },
    { "outbox/together-each", 50, BROADCASTS, 64, set_up, together, tear_down },
    { 0 },
};
