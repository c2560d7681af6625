#include "proto/longpoll_codec.h"
#include "base/frame.h"
#include <openssl/evp.h>
#include <pinion/error.h>
#include <stdio.h>
#include <string.h>

/* ---- bodies ---- */

void pinion__longpoll_batch_init(struct pinion_longpoll_batch *batch, char *bytes, size_t len, bool ndjson)
{
    static char none[1];
    batch->at = len ? bytes : none; /* an empty buffer may have no address to count from */
    batch->end = batch->at + len;
    batch->ndjson = ndjson;
    batch->left = !ndjson;
}

static void skip_empty_lines(struct pinion_longpoll_batch *batch)
{
    static const char many[] = "\n\n\n\n\n\n\n\n";
    while (batch->end - batch->at >= 8 && memcmp(batch->at, many, 8) == 0)
        batch->at += 8;
    while (batch->at < batch->end) {
        size_t len = *batch->at == '\r' && batch->at + 1 < batch->end ? 2 : 1;
        if (batch->at[len - 1] != '\n')
            return;
        batch->at += len;
    }
}

/* Cut a line off, without its line end. The last line needs none. */
static struct pinion_slice cut_line(struct pinion_longpoll_batch *batch)
{
    size_t rest = (size_t)(batch->end - batch->at);
    const char *newline = memchr(batch->at, '\n', rest);
    struct pinion_slice line = pinion__slice(batch->at, newline ? (size_t)(newline - batch->at) : rest);
    batch->at += newline ? line.len + 1 : line.len;
    if (newline && line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Take the next line that is not empty, as it was sent. Returns false when there is none. */
static bool take_line(struct pinion_longpoll_batch *batch, struct pinion_slice *line)
{
    if (!batch->ndjson) {
        bool taken = batch->left;
        *line = pinion__slice(batch->at, (size_t)(batch->end - batch->at));
        batch->at = batch->end;
        batch->left = false;
        return taken;
    }
    skip_empty_lines(batch);
    if (batch->at == batch->end)
        return false;
    *line = cut_line(batch);
    return true;
}

static bool is_text(const struct pinion_longpoll_batch *batch, struct pinion_slice line)
{
    return !batch->ndjson || line.ptr[0] == '[';
}

static bool is_base64_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static size_t padding_of(struct pinion_slice line)
{
    size_t padding = 0;
    while (padding < 2 && padding < line.len && line.ptr[line.len - 1 - padding] == '=')
        padding++;
    return padding;
}

static bool is_base64(struct pinion_slice line)
{
    size_t digits = line.len - padding_of(line);
    if (line.len % 4 != 0)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!is_base64_digit(line.ptr[i]))
            return false;
    }
    return true;
}

int pinion__longpoll_batch_check(const struct pinion_longpoll_batch *batch, size_t max)
{
    struct pinion_longpoll_batch rest = *batch;
    struct pinion_slice line;
    for (size_t count = 1; take_line(&rest, &line); count++) {
        if (!is_text(batch, line) && !is_base64(line))
            return PINION_EINVAL;
        if (count > max)
            return PINION_ETOOBIG;
    }
    return 0;
}

/* Decode in place: the bytes are fewer than their digits. */
static struct pinion_slice decode(struct pinion_slice line)
{
    unsigned char *bytes = (unsigned char *)line.ptr;
    size_t padding = padding_of(line);
    int len = EVP_DecodeBlock(bytes, bytes, (int)line.len);
    return pinion__slice(line.ptr, len > 0 ? (size_t)len - padding : 0);
}

bool pinion__longpoll_next(struct pinion_longpoll_batch *batch, int *opcode, struct pinion_slice *frame)
{
    struct pinion_slice line;
    if (!take_line(batch, &line))
        return false;
    bool text = is_text(batch, line);
    *opcode = text ? PINION_OPCODE_TEXT : PINION_OPCODE_BINARY;
    *frame = text ? line : decode(line);
    return true;
}

bool pinion__longpoll_batch_empty(const struct pinion_longpoll_batch *batch)
{
    struct pinion_longpoll_batch rest = *batch;
    struct pinion_slice line;
    return !take_line(&rest, &line);
}

size_t pinion__longpoll_batch_next_length(const struct pinion_longpoll_batch *batch)
{
    struct pinion_longpoll_batch rest = *batch;
    struct pinion_slice line;
    return take_line(&rest, &line) ? line.len : 0;
}

/* ---- answers ---- */

int pinion__longpoll_put_status(struct pinion_buf *out, int status)
{
    char text[32];
    snprintf(text, sizeof text, "{\"status\":%d}", status);
    return pinion__buf_append_str(out, text);
}

static const char start[] = "{\"messages\":[";

int pinion__longpoll_put_start(struct pinion_buf *out)
{
    return pinion__buf_append(out, start, sizeof start - 1);
}

int pinion__longpoll_put_message(struct pinion_buf *out, struct pinion_slice quoted)
{
    int rc = out->len > 0 && out->data[out->len - 1] != '[' ? pinion__buf_append_char(out, ',') : 0;
    return rc ? rc : pinion__buf_append(out, quoted.ptr, quoted.len);
}

int pinion__longpoll_put_end(struct pinion_buf *out, int status, const char *token)
{
    char text[32];
    snprintf(text, sizeof text, "],\"status\":%d,\"token\":\"", status);
    int rc = pinion__buf_append_str(out, text);
    if (!rc)
        rc = pinion__buf_append_str(out, token);
    return rc ? rc : pinion__buf_append_str(out, "\"}");
}
