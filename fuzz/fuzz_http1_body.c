/* Bodies of requests. In the first byte, bit 0 means chunked; the other bits (shifted, modulo 8) say how many
 * bytes with lengths of pieces follow. Without chunks, the next byte is the length of the body. However the
 * input is cut, the data and the end are the same. A second reader, which has all bytes at once and splits
 * them into lines, must find the same.
 *
 * Fuzzes: src/proto/http1_body.c */
#include "fuzz.h"
#include "proto/http1_body.h"
#include <ctype.h>
#include <pinion/error.h>

#define INPUT_MAX 5000

struct outcome {
    int rc;
    size_t end; /* where the body was over */
    size_t len;
    char data[INPUT_MAX];
};

/* ---- the other reader ---- */

static bool is_token(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_blanks(struct input *line)
{
    while (line->left > 0 && (*line->at == ' ' || *line->at == '\t'))
        input_byte(line);
}

static bool take_token(struct input *line)
{
    size_t before = line->left;
    while (line->left > 0 && is_token((char)*line->at))
        input_byte(line);
    return line->left < before;
}

static bool take(struct input *line, char c)
{
    bool is = line->left > 0 && *line->at == (uint8_t)c;
    if (is)
        input_byte(line);
    return is;
}

static bool is_text(struct pinion_slice text)
{
    bool good = true;
    for (size_t i = 0; i < text.len; i++)
        good = good && (text.ptr[i] == '\t' || ((unsigned char)text.ptr[i] >= ' ' && text.ptr[i] != 0x7f));
    return good;
}

static bool take_quoted(struct input *line)
{
    while (line->left > 0) {
        uint8_t c = input_byte(line);
        if (c == '"')
            return true;
        if (c == '\\' && line->left > 0)
            input_byte(line);
    }
    return false;
}

/* As in RFC 9112 section 7.1.1. */
static bool take_extension(struct input *line)
{
    skip_blanks(line);
    if (!take_token(line))
        return false;
    skip_blanks(line);
    if (!take(line, '='))
        return true;
    skip_blanks(line);
    bool good = take(line, '"') ? take_quoted(line) : take_token(line);
    skip_blanks(line);
    return good;
}

/* Returns the size, or -1. */
static long read_size(struct pinion_slice text)
{
    struct input line = { (const uint8_t *)text.ptr, text.len };
    char digits[16] = { 0 };
    size_t count = 0;
    while (line.left > 0 && isxdigit(*line.at)) {
        if (count == 15)
            return -1;
        digits[count++] = (char)input_byte(&line);
    }
    skip_blanks(&line);
    bool good = count > 0 && is_text(text) && pinion__slice_trim(text).len == text.len;
    while (good && line.left > 0)
        good = take(&line, ';') && take_extension(&line);
    return good ? strtol(digits, NULL, 16) : -1;
}

/* A line and its end. PINION_MORE: it is not complete; *line is then what has come of it. */
static int take_line(struct input *input, struct pinion_slice *line)
{
    struct pinion_slice rest = input_rest(input);
    const char *end = rest.len ? memmem(rest.ptr, rest.len, "\r\n", 2) : NULL;
    *line = pinion__slice(rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len);
    input_bytes(input, line->len + (end ? 2 : 0));
    return end ? 0 : PINION_MORE;
}

static bool is_field(struct pinion_slice text)
{
    struct input line = { (const uint8_t *)text.ptr, text.len };
    return take_token(&line) && take(&line, ':') && is_text(input_rest(&line));
}

static int read_trailer(struct input *input)
{
    struct pinion_slice line;
    int rc;
    while (!(rc = take_line(input, &line)) && line.len > 0) {
        if (!is_field(line))
            return PINION_EPROTO;
    }
    return rc;
}

static int read_chunk(struct input *input, struct outcome *out, long *size)
{
    struct pinion_slice line, data;
    int rc = take_line(input, &line);
    if (rc)
        return rc;
    *size = read_size(line);
    if (*size <= 0)
        return *size == 0 ? read_trailer(input) : PINION_EPROTO;
    data = input_bytes(input, (size_t)*size);
    memcpy(out->data + out->len, data.ptr, data.len);
    out->len += data.len;
    if (data.len == (size_t)*size && input->left > 0 && *input->at != '\r')
        return PINION_EPROTO;
    if (data.len == (size_t)*size && input->left > 1)
        return input_byte(input) == '\r' && input_byte(input) == '\n' ? 0 : PINION_EPROTO;
    return PINION_MORE;
}

static void read_chunks(struct pinion_slice bytes, struct outcome *out)
{
    struct input input = { (const uint8_t *)bytes.ptr, bytes.len };
    long size = 1;
    out->rc = 0;
    out->len = 0;
    while (size > 0 && !out->rc)
        out->rc = read_chunk(&input, out, &size);
    out->end = bytes.len - input.left;
}

/* ---- ours, in pieces ---- */

/* Returns false once there is no more to read. */
static bool feed(struct pinion_http_body *body, struct pinion_slice piece, struct outcome *out)
{
    uint8_t *exact = (uint8_t *)copy_exactly(piece);
    struct pinion_slice whole = pinion__slice((char *)exact, piece.len), data;
    size_t pos = 0;
    while ((out->rc = pinion__http_body_read(body, exact, piece.len, &pos, &data)) == 1) {
        REQUIRE(data.len > 0 && lies_in(data, whole) && data.ptr + data.len == whole.ptr + pos);
        memcpy(out->data + out->len, data.ptr, data.len);
        out->len += data.len;
    }
    REQUIRE(pos <= piece.len && (out->rc != PINION_MORE || pos == piece.len));
    out->end += pos;
    free(exact);
    return out->rc == PINION_MORE;
}

static void run(const struct pinion_http_request *request, struct input stream, const size_t *lengths,
                size_t count, struct outcome *out)
{
    struct pinion_http_body body;
    bool open = true;
    out->len = out->end = 0;
    pinion__http_body_init(&body, request);
    open = feed(&body, pinion__slice(NULL, 0), out);
    for (size_t i = 0; stream.left > 0 && open; i++)
        open = feed(&body, input_bytes(&stream, lengths[i % count]), out);
    int rc = out->rc;
    if (!open)
        REQUIRE(!feed(&body, pinion__slice(NULL, 0), out) && out->rc == rc);
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
    REQUIRE(a->rc == b->rc && a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
    REQUIRE(a->rc == PINION_EPROTO || a->end == b->end);
}

/* An incomplete body may be wrong already, which only our reader can say. */
static void check_chunks(struct pinion_slice bytes, const struct outcome *found)
{
    static struct outcome expected;
    read_chunks(bytes, &expected);
    if (expected.rc == PINION_MORE)
        REQUIRE(found->rc == PINION_MORE || found->rc == PINION_EPROTO);
    else
        check_same(&expected, found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole, cut;
    struct input input = { data, size };
    uint8_t choice = input_byte(&input);
    struct pinion_http_request request = { .chunked = choice & 1 };
    size_t lengths[8] = { 1 }, count = choice / 2 % 8, all = SIZE_MAX;
    if (size >= INPUT_MAX)
        return 0;
    if (!request.chunked)
        request.content_length = input_byte(&input);
    for (size_t i = 0; i < count; i++)
        lengths[i] = 1 + (size_t)input_byte(&input);
    run(&request, input, &all, 1, &whole);
    run(&request, input, lengths, count ? count : 1, &cut);
    check_same(&whole, &cut);
    if (request.chunked)
        check_chunks(input_rest(&input), &whole);
    else
        REQUIRE(whole.len == whole.end && whole.rc == (whole.len < request.content_length ? PINION_MORE : 0));
    return 0;
}
