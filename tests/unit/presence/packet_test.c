/* Packets between trackers: written, read, and refused. */
#include "presence/packet.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

static struct guard guard;

static int create_guard(void **state)
{
    guard = guard_new(4096);
    return 0;
}

static int free_guard(void **state)
{
    guard_free(&guard);
    return 0;
}

static int read_guarded(struct pinion_slice bytes, struct pinion_presence_packet *out)
{
    return pinion__presence_packet_read(pinion__slice(guard_place(&guard, bytes.ptr, bytes.len), bytes.len),
                                        out);
}

static void what_is_written_is_read(void **state)
{
    struct pinion_presence_packet packet = { .kind = PINION_PRESENCE_GOODBYE,
                                             .name = LITERAL("users"),
                                             .shard = 7,
                                             .shards = 8,
                                             .body = LITERAL("x\0y") };
    struct pinion_presence_packet read;
    struct pinion_buf out;
    pinion__buf_init(&out, 100);
    assert_int_equal(pinion__presence_packet_write(&packet, &out), 0);
    assert_int_equal(out.len, 12);
    assert_memory_equal(out.data, "\x02\x05users\x07\x08x\0y", 12);
    assert_int_equal(pinion__presence_packet_read(pinion__slice(out.data, out.len), &read), 0);
    assert_int_equal(read.kind, packet.kind);
    assert_true(pinion__slice_eq(read.name, packet.name));
    assert_int_equal(read.shard, 7);
    assert_int_equal(read.shards, 8);
    assert_true(pinion__slice_eq(read.body, packet.body));
    pinion__buf_release(&out);
}

static void what_is_none_is_refused(void **state)
{
    static const struct pinion_slice packets[] = {
        LITERAL(""),
        LITERAL("\x01"),
        LITERAL("\x01\x01"),
        LITERAL("\x01\x01p"),
        LITERAL("\x01\x01p\0"),
        LITERAL("\x01\xffp\0\x01"),
        LITERAL("\0\x01p\0\x01"),     /* no such kind */
        LITERAL("\x03\x01p\0\x01"),   /* nor this */
        LITERAL("\x01\x01p\x01\x01"), /* no such shard */
        LITERAL("\x01\x01p\0\0"),
    };
    struct pinion_presence_packet read;
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++)
        assert_int_equal(read_guarded(packets[i], &read), PINION_EPROTO);
    assert_int_equal(read_guarded(LITERAL("\x01\x01p\0\x01"), &read), 0);
    assert_int_equal(read.body.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, create_guard, free_guard);
}
