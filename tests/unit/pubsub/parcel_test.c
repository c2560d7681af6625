/* Pieces and notices: what is written is read, and nothing else. */
#include "pubsub/parcel.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_parcel parcel;

static int read_bytes(const char *bytes, size_t len)
{
    memset(&parcel, 0xAA, sizeof parcel);
    return pinion__parcel_read(pinion__slice(bytes, len), &parcel);
}

static size_t write_piece(char *out, uint64_t offset, uint64_t total, const char *text)
{
    size_t len = pinion__piece_head(
        out, &(struct pinion_piece){ .life = UINT64_MAX, .number = 7, .offset = offset, .total = total });
    memcpy(out + len, text, strlen(text));
    return len + strlen(text);
}

static void a_piece(void **state)
{
    char bytes[PINION_PIECE_HEAD_MAX + 16];
    size_t len = write_piece(bytes, 300, 305, "hello");
    assert_true(pinion__is_parcel(pinion__slice(bytes, len)));
    assert_int_equal(read_bytes(bytes, len), 0);
    assert_int_equal(parcel.kind, PINION_PARCEL_PIECE);
    assert_true(parcel.piece.life == UINT64_MAX && parcel.piece.number == 7);
    assert_true(parcel.piece.offset == 300 && parcel.piece.total == 305);
    assert_int_equal(parcel.piece.bytes.len, 5);
    assert_memory_equal(parcel.piece.bytes.ptr, "hello", 5);
    for (size_t cut = 0; cut <= len - 5; cut++) /* without anything in it */
        assert_int_equal(read_bytes(bytes, cut), PINION_EPROTO);
}

static void a_piece_that_sticks_out(void **state)
{
    char bytes[PINION_PIECE_HEAD_MAX + 16];
    assert_int_equal(read_bytes(bytes, write_piece(bytes, 1, 5, "hello")), PINION_EPROTO);
    assert_int_equal(read_bytes(bytes, write_piece(bytes, 0, 4, "hello")), PINION_EPROTO);
    assert_int_equal(read_bytes(bytes, write_piece(bytes, UINT64_MAX, 5, "hello")), PINION_EPROTO);
    assert_int_equal(read_bytes(bytes, write_piece(bytes, UINT64_MAX, UINT64_MAX, "hello")), PINION_EPROTO);
}

static void a_notice(void **state)
{
    char bytes[PINION_NOTICE_LENGTH_MAX];
    const struct pinion_notice notice = { .flags = PINION_NOTICE_RUNS | PINION_NOTICE_ASKS,
                                          .life = UINT64_MAX,
                                          .born = 1700000000000000,
                                          .family = 3,
                                          .cluster = pinion__slice_str("blue"),
                                          .node = pinion__slice_str("ann") };
    size_t len = pinion__notice_write(bytes, &notice);
    assert_int_equal(read_bytes(bytes, len), 0);
    assert_int_equal(parcel.kind, PINION_PARCEL_NOTICE);
    assert_int_equal(parcel.notice.flags, notice.flags);
    assert_true(parcel.notice.life == notice.life && parcel.notice.born == notice.born);
    assert_int_equal(parcel.notice.family, 3);
    assert_true(pinion__slice_eq(parcel.notice.cluster, notice.cluster));
    assert_true(pinion__slice_eq(parcel.notice.node, notice.node));
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(read_bytes(bytes, cut), PINION_EPROTO);
}

static void the_longest_notice_fits(void **state)
{
    char bytes[PINION_NOTICE_LENGTH_MAX], cluster[PINION_CLUSTER_NAME_MAX], node[255];
    memset(cluster, 'c', sizeof cluster);
    memset(node, 'n', sizeof node);
    size_t len = pinion__notice_write(bytes, &(struct pinion_notice){ .flags = 255,
                                                                      .life = UINT64_MAX,
                                                                      .born = UINT64_MAX,
                                                                      .family = UINT64_MAX,
                                                                      .cluster = { cluster, sizeof cluster },
                                                                      .node = { node, sizeof node } });
    assert_int_equal(len, sizeof bytes);
    assert_int_equal(read_bytes(bytes, len), 0);
}

static void what_is_no_parcel(void **state)
{
    static const char unknown[] = { PINION_PARCEL_VERSION, 9, 1, 1, 1 };
    assert_false(pinion__is_parcel(pinion__slice("", 0)));
    assert_false(pinion__is_parcel(pinion__slice("\x01", 1))); /* an envelope */
    assert_int_equal(read_bytes("\x01\x01", 2), PINION_EPROTO);
    assert_int_equal(read_bytes(unknown, sizeof unknown), PINION_EPROTO);
    assert_int_equal(parcel.kind, 0xAAAAAAAA); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece),           cmocka_unit_test(a_piece_that_sticks_out),
        cmocka_unit_test(a_notice),          cmocka_unit_test(the_longest_notice_fits),
        cmocka_unit_test(what_is_no_parcel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
