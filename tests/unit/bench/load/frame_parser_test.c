/* The parser of a server's frames: whatever the cut, the same payloads; and each fault is one. */
#include "frame_parser.h"
#include "helpers/guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define LONG        70000

static struct guard guard;

/* What the pieces come to: of each frame "opcode:payload;", and "!" for an error. */
static char log_text[4 * LONG];
static size_t log_len;
static uint64_t next_offset; /* of the frame that has begun */

static void write_log(const void *bytes, size_t len)
{
    assert_true(log_len + len < sizeof log_text);
    memcpy(log_text + log_len, bytes, len);
    log_len += len;
    log_text[log_len] = '\0';
}

static void log_piece(const struct frame_piece *piece)
{
    char head[8];
    int len = snprintf(head, sizeof head, "%d:", (int)piece->opcode);
    assert_int_equal(piece->offset, next_offset);
    if (piece->offset == 0)
        write_log(head, (size_t)len);
    write_log(piece->bytes, piece->len);
    next_offset += piece->len;
    if (next_offset == piece->total) {
        write_log(";", 1);
        next_offset = 0;
    }
}

/* false after an error. */
static bool feed(struct frame_parser *parser, const uint8_t *bytes, size_t len)
{
    const uint8_t *input = (const uint8_t *)guard_place(&guard, bytes, len);
    struct frame_piece piece;
    enum frame_result result;
    size_t at = 0;
    while ((result = frame_parse(parser, input, len, &at, &piece)) == FRAME_PIECE)
        log_piece(&piece);
    if (result == FRAME_ERROR)
        write_log("!", 1);
    else
        assert_int_equal(at, len);
    return result != FRAME_ERROR;
}

static void start(struct frame_parser *parser)
{
    *parser = (struct frame_parser){ 0 };
    log_len = 0;
    log_text[0] = '\0';
    next_offset = 0;
}

static void check_cuts(const uint8_t *bytes, size_t len, const char *expected)
{
    struct frame_parser parser;
    for (size_t cut = 0; cut <= len; cut++) {
        start(&parser);
        if (feed(&parser, bytes, cut))
            feed(&parser, bytes + cut, len - cut);
        assert_string_equal(log_text, expected);
    }
    start(&parser);
    for (size_t i = 0; i < len && feed(&parser, bytes + i, 1); i++)
        ;
    assert_string_equal(log_text, expected);
}

static void frames_come_out_however_they_are_cut(void **state)
{
    check_cuts(BYTES("\x81\x02hi"), "1:hi;");
    check_cuts(BYTES("\x81\x00"), "1:;");
    check_cuts(BYTES("\x82\x01\x00"), "2:");
    check_cuts(BYTES("\x81\x02hi\x81\x00\x89\x01p\x8a\x00\x88\x02\x03\xe8\x81\x01x"),
               "1:hi;1:;9:p;10:;8:\x03\xe8;1:x;");
}

static void check_length(size_t len, const char *head, size_t head_len)
{
    static uint8_t bytes[LONG + 10];
    struct frame_parser parser;
    memcpy(bytes, head, head_len);
    memset(bytes + head_len, 'x', len);
    for (size_t cut = 0; cut <= head_len + 2; cut++) {
        start(&parser);
        assert_true(feed(&parser, bytes, cut));
        assert_true(feed(&parser, bytes + cut, head_len + len - cut));
        assert_int_equal(log_len, len + strlen("1:;"));
    }
}

static void every_encoding_of_a_length_is_understood(void **state)
{
    check_length(125, "\x81\x7d", 2);
    check_length(126, "\x81\x7e\x00\x7e", 4);
    check_length(65535, "\x81\x7e\xff\xff", 4);
    check_length(65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

static void faults_are_errors(void **state)
{
    check_cuts(BYTES("\x01\x02hi"), "!"); /* a fragment */
    check_cuts(BYTES("\x80\x02hi"), "!"); /* a continuation */
    check_cuts(BYTES("\xc1\x02hi"), "!"); /* a reserved bit */
    check_cuts(BYTES("\x83\x00"), "!");   /* unknown opcodes */
    check_cuts(BYTES("\x8b\x00"), "!");
    check_cuts(BYTES("\x81\x82\x00\x00\x00\x00hi"), "!"); /* masked */
    check_cuts(BYTES("\x81\x7e\x00\x7d"), "!");           /* lengths longer than need be */
    check_cuts(BYTES("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"), "!");
    check_cuts(BYTES("\x89\x7e\x00\x7e"), "!"); /* a long control frame */
    check_cuts(BYTES("\x81\x01x\x00"), "1:x;"); /* not before it can be told */
    check_cuts(BYTES("\x81\x01x\x00\x00"), "1:x;!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_however_they_are_cut),
        cmocka_unit_test(every_encoding_of_a_length_is_understood),
        cmocka_unit_test(faults_are_errors),
    };
    guard = guard_new(LONG + 10);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&guard);
    return failed;
}
