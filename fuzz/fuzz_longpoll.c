/* Bodies of long polling. The first byte chooses: '1' is ndjson, everything else one frame; the body follows.
 * A second reader and decoder, written differently, must find the same frames. Frames that are text come back
 * as the messages of an answer.
 *
 * Fuzzes: src/proto/longpoll_codec.c */
#include "base/frame.h"
#include "fuzz.h"
#include "proto/json_scan.h"
#include "proto/longpoll_codec.h"
#include "proto/utf8.h"
#include <jansson.h>
#include <pinion/error.h>

#define FRAMES_MAX 5000

struct frame {
    int opcode;
    struct pinion_slice bytes;
};

static struct frame frames[FRAMES_MAX]; /* as they should be */
static size_t frame_count;

/* ---- the other reader ---- */

/* Six bits at a time. Padding counts as zeros, whose bytes are dropped. Returns the length, or -1. */
static long decode_base64(struct pinion_slice text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, held = 0;
    long len = 0;
    size_t end = text.len;
    while (end > 0 && text.len - end < 2 && text.ptr[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        const char *digit = memchr(digits, text.ptr[i], sizeof digits - 1);
        if (!digit)
            return -1;
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[len++] = (char)(bits >> held);
        }
    }
    return text.len % 4 == 0 ? len : -1;
}

static void add_frame(int opcode, const char *bytes, size_t len)
{
    REQUIRE(frame_count < FRAMES_MAX);
    frames[frame_count++] = (struct frame){ opcode, pinion__slice(bytes, len) };
}

/* A line of ndjson. `out` has room for it, and moves behind what was decoded. */
static bool read_line(struct pinion_slice line, char **out)
{
    if (line.len == 0)
        return true;
    if (line.ptr[0] == '[') {
        add_frame(PINION_OPCODE_TEXT, line.ptr, line.len);
        return true;
    }
    long len = decode_base64(line, *out);
    if (len < 0)
        return false;
    add_frame(PINION_OPCODE_BINARY, *out, (size_t)len);
    *out += len;
    return true;
}

static bool read_lines(struct pinion_slice body, char *out)
{
    struct input input = { (const uint8_t *)body.ptr, body.len };
    bool good = true;
    while (good && input.left > 0) {
        struct pinion_slice line = input_until(&input, '\n');
        bool ended = line.ptr + line.len < body.ptr + body.len;
        if (ended && line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        good = read_line(line, &out);
    }
    return good;
}

/* ---- checks ---- */

static void check_frames(struct pinion_longpoll_batch *batch, struct pinion_slice body)
{
    struct pinion_slice frame;
    int opcode;
    for (size_t i = 0; i < frame_count; i++) {
        REQUIRE(!pinion__longpoll_batch_empty(batch));
        REQUIRE(pinion__longpoll_next(batch, &opcode, &frame));
        REQUIRE(opcode == frames[i].opcode && pinion__slice_eq(frame, frames[i].bytes));
        REQUIRE(lies_in(frame, body));
    }
    REQUIRE(pinion__longpoll_batch_empty(batch) && !pinion__longpoll_next(batch, &opcode, &frame));
}

static void put_quoted(struct pinion_buf *out, struct pinion_slice text)
{
    size_t len = pinion__json_quoted_len(text);
    char *quoted = allocate(len);
    pinion__json_quote(quoted, text);
    REQUIRE(pinion__longpoll_put_message(out, pinion__slice(quoted, len)) == 0);
    free(quoted);
}

static bool is_message(const struct frame *frame)
{
    return frame->opcode == PINION_OPCODE_TEXT && pinion__utf8_valid(frame->bytes.ptr, frame->bytes.len);
}

static void check_answer(void)
{
    struct pinion_buf out;
    pinion__buf_init(&out, SIZE_MAX);
    REQUIRE(pinion__longpoll_put_start(&out) == 0);
    for (size_t i = 0; i < frame_count; i++) {
        if (is_message(&frames[i]))
            put_quoted(&out, frames[i].bytes);
    }
    REQUIRE(pinion__longpoll_put_end(&out, 200, "a.b_c-d") == 0);
    json_t *tree = json_loadb(out.data, out.len, JSON_ALLOW_NUL, NULL);
    REQUIRE(json_integer_value(json_object_get(tree, "status")) == 200);
    const json_t *messages = json_object_get(tree, "messages");
    size_t at = 0;
    for (size_t i = 0; i < frame_count; i++) {
        if (!is_message(&frames[i]))
            continue;
        const json_t *message = json_array_get(messages, at++);
        REQUIRE(pinion__slice_eq(pinion__slice(json_string_value(message), json_string_length(message)),
                                 frames[i].bytes));
    }
    REQUIRE(json_is_array(messages) && at == json_array_size(messages));
    json_decref(tree);
    pinion__buf_release(&out);
}

static void check_status(int status)
{
    struct pinion_buf out;
    pinion__buf_init(&out, SIZE_MAX);
    REQUIRE(pinion__longpoll_put_status(&out, status) == 0);
    json_t *tree = json_loadb(out.data, out.len, 0, NULL);
    REQUIRE(json_integer_value(json_object_get(tree, "status")) == status);
    json_decref(tree);
    pinion__buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_longpoll_batch batch;
    struct input input = { data, size };
    bool ndjson = input_byte(&input) == '1';
    struct pinion_slice given = input_rest(&input);
    char *exact = copy_exactly(given), *decoded = allocate(given.len);
    struct pinion_slice body = pinion__slice(exact, given.len);

    frame_count = 0;
    bool good = ndjson ? read_lines(given, decoded) : true;
    if (!ndjson)
        add_frame(PINION_OPCODE_TEXT, given.ptr, given.len);
    pinion__longpoll_batch_init(&batch, exact, body.len, ndjson);
    REQUIRE(pinion__longpoll_batch_check(&batch, SIZE_MAX) == (good ? 0 : PINION_EINVAL));
    if (good) {
        REQUIRE(pinion__longpoll_batch_check(&batch, frame_count) == 0);
        REQUIRE(frame_count == 0 || pinion__longpoll_batch_check(&batch, frame_count - 1) == PINION_ETOOBIG);
        check_frames(&batch, body);
        check_answer();
        check_status((int)frame_count);
    }
    free(decoded);
    free(exact);
    return 0;
}
