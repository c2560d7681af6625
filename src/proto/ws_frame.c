/* The decoder has two states: in a header, which is gathered in the decoder because it has at most 14 bytes,
 * and in a payload. A message or control frame whose payload lies whole in the input is handed out where it
 * lies. Everything else is gathered in memory that grows with what has come, never with what a header
 * announces. A fault that the header shows is refused before the payload comes. */
#include "proto/ws_frame.h"
#include "base/work.h"
#include "proto/more.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

enum {
    OPCODE_CONTINUATION = 0,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10,
};

enum {
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_NO_CODE = 1005,
    CLOSE_BAD_DATA = 1007,
    CLOSE_TOO_BIG = 1009,
    CLOSE_INTERNAL_ERROR = 1011,
};

#define CONTROL_MAX 125

/* The steps below return 0 to go on, PINION_MORE at the end of the input, or the close code (> 0) for a
 * violation. */

static bool is_final(const struct pinion_ws_decoder *decoder)
{
    return decoder->header[0] & 0x80;
}

static uint8_t frame_opcode(const struct pinion_ws_decoder *decoder)
{
    return decoder->header[0] & 0x0f;
}

static bool is_control(uint8_t opcode)
{
    return opcode & 0x08;
}

static bool is_text(const struct pinion_ws_decoder *decoder)
{
    return decoder->message_opcode == PINION_OPCODE_TEXT;
}

/* The seven bits that are the length, or say how many bytes hold it. */
static unsigned short_length(const struct pinion_ws_decoder *decoder)
{
    return decoder->header[1] & 0x7f;
}

static uint8_t length_size(const struct pinion_ws_decoder *decoder)
{
    unsigned length = short_length(decoder);
    return length == 127 ? 8 : length == 126 ? 2 : 0;
}

static uint8_t header_size(const struct pinion_ws_decoder *decoder)
{
    return decoder->header_len < 2 ? 2 : (uint8_t)(2 + length_size(decoder) + 4);
}

/* Check what the first two bytes say. */
static int check_start(const struct pinion_ws_decoder *decoder)
{
    bool reserved_bits = decoder->header[0] & 0x70;
    bool masked = decoder->header[1] & 0x80;
    bool in_message = decoder->message_opcode != 0;
    if (reserved_bits || !masked)
        return CLOSE_PROTOCOL_ERROR;
    switch (frame_opcode(decoder)) {
    case OPCODE_CONTINUATION:
        return in_message ? 0 : CLOSE_PROTOCOL_ERROR;
    case PINION_OPCODE_TEXT:
    case PINION_OPCODE_BINARY:
        return in_message ? CLOSE_PROTOCOL_ERROR : 0;
    case OPCODE_CLOSE:
    case OPCODE_PING:
    case OPCODE_PONG:
        return is_final(decoder) && short_length(decoder) <= CONTROL_MAX ? 0 : CLOSE_PROTOCOL_ERROR;
    default:
        return CLOSE_PROTOCOL_ERROR;
    }
}

static uint64_t read_length(const struct pinion_ws_decoder *decoder)
{
    uint8_t size = length_size(decoder);
    if (size == 0)
        return short_length(decoder);
    uint64_t length = 0;
    for (uint8_t i = 0; i < size; i++)
        length = length << 8 | decoder->header[2 + i];
    return length;
}

/* RFC 6455 section 5.2: the encoding must be the shortest, and the top bit of the longest must be 0. */
static bool length_is_valid(const struct pinion_ws_decoder *decoder, uint64_t length)
{
    switch (length_size(decoder)) {
    case 8:
        return length > UINT16_MAX && length <= INT64_MAX;
    case 2:
        return length > CONTROL_MAX;
    default:
        return true;
    }
}

static int begin_payload(struct pinion_ws_decoder *decoder)
{
    uint8_t opcode = frame_opcode(decoder);
    uint64_t length = read_length(decoder);
    if (!length_is_valid(decoder, length))
        return CLOSE_PROTOCOL_ERROR;
    if (!is_control(opcode) && length > decoder->message.max - decoder->message.len)
        return CLOSE_TOO_BIG;
    if (opcode == PINION_OPCODE_TEXT || opcode == PINION_OPCODE_BINARY)
        decoder->message_opcode = opcode;
    decoder->remaining = length;
    memcpy(decoder->mask, decoder->header + decoder->header_len - 4, 4);
    decoder->in_payload = true;
    return 0;
}

/* Usually the header has come completely, and more with it. The decoder has room for the longest header. */
static int read_whole_header(struct pinion_ws_decoder *decoder, const uint8_t *data, size_t *pos)
{
    memcpy(decoder->header, data + *pos, sizeof decoder->header);
    decoder->header_len = 2;
    int rc = check_start(decoder);
    if (rc)
        return rc;
    decoder->header_len = header_size(decoder);
    *pos += decoder->header_len;
    return begin_payload(decoder);
}

static int read_header(struct pinion_ws_decoder *decoder, const uint8_t *data, size_t len, size_t *pos)
{
    if (decoder->header_len == 0 && len - *pos >= sizeof decoder->header)
        return read_whole_header(decoder, data, pos);
    while (decoder->header_len < header_size(decoder)) {
        size_t wanted = header_size(decoder) - decoder->header_len;
        size_t n = len - *pos < wanted ? len - *pos : wanted;
        if (n == 0)
            return PINION_MORE;
        memcpy(decoder->header + decoder->header_len, data + *pos, n);
        decoder->header_len = (uint8_t)(decoder->header_len + n);
        *pos += n;
        int rc = decoder->header_len == 2 ? check_start(decoder) : 0;
        if (rc)
            return rc;
    }
    return begin_payload(decoder);
}

static void end_frame(struct pinion_ws_decoder *decoder)
{
    decoder->in_payload = false;
    decoder->header_len = 0;
}

static void turn_mask(uint8_t mask[4], size_t by)
{
    uint8_t turned[4];
    for (size_t i = 0; i < 4; i++)
        turned[i] = mask[(i + by) % 4];
    memcpy(mask, turned, 4);
}

/* Unmask eight bytes at a time, at any alignment. */
static void unmask(const uint8_t mask[4], uint8_t *bytes, size_t len)
{
    uint64_t wide_mask;
    memcpy(&wide_mask, mask, 4);
    memcpy((uint8_t *)&wide_mask + 4, mask, 4);
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        word ^= wide_mask;
        memcpy(bytes + i, &word, 8);
    }
    for (; i < len; i++)
        bytes[i] ^= mask[i % 4];
}

/* The buffer doubles as it fills: its capacity stays below twice what has come. */
static int gather_message(struct pinion_ws_decoder *decoder, const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    if (is_text(decoder) && !pinion__utf8_feed(&decoder->utf8, bytes, n))
        return CLOSE_BAD_DATA;
    return pinion__buf_append(&decoder->message, bytes, n) ? CLOSE_INTERNAL_ERROR : 0;
}

static void give_message(struct pinion_ws_decoder *decoder, const void *bytes, size_t len,
                         struct pinion_ws_event *event)
{
    event->type = PINION_WS_MESSAGE;
    event->opcode = decoder->message_opcode;
    event->data = bytes;
    event->len = len;
    decoder->message_opcode = 0;
}

static int give_gathered(struct pinion_ws_decoder *decoder, struct pinion_ws_event *event)
{
    const struct pinion_buf *message = &decoder->message;
    if (is_text(decoder) && !pinion__utf8_complete(&decoder->utf8))
        return CLOSE_BAD_DATA;
    event->utf8_checked = is_text(decoder);
    give_message(decoder, message->len ? message->data : "", message->len, event);
    return 0;
}

/* Take n unmasked bytes of the current data frame. */
static int take_data(struct pinion_ws_decoder *decoder, const uint8_t *bytes, size_t n,
                     struct pinion_ws_event *event)
{
    bool unfragmented = is_final(decoder) && frame_opcode(decoder) != OPCODE_CONTINUATION;
    bool first_bytes = decoder->message.len == 0;
    if (unfragmented && first_bytes && decoder->remaining == 0) {
        end_frame(decoder);
        give_message(decoder, bytes, n, event);
        return 0;
    }
    int rc = gather_message(decoder, bytes, n);
    if (rc || decoder->remaining > 0)
        return rc ? rc : PINION_MORE;
    end_frame(decoder);
    return is_final(decoder) ? give_gathered(decoder, event) : 0;
}

static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static int give_close(struct pinion_ws_decoder *decoder, const uint8_t *payload, size_t len,
                      struct pinion_ws_event *event)
{
    if (len == 1)
        return CLOSE_PROTOCOL_ERROR;
    unsigned code = CLOSE_NO_CODE;
    if (len >= 2) {
        code = (unsigned)payload[0] << 8 | payload[1];
        payload += 2;
        len -= 2;
        if (!is_close_code(code))
            return CLOSE_PROTOCOL_ERROR;
        if (!pinion__utf8_valid(payload, len))
            return CLOSE_BAD_DATA;
    }
    event->type = PINION_WS_CLOSE;
    event->close_code = (uint16_t)code;
    event->data = (const char *)payload;
    event->len = len;
    decoder->finished = true;
    return 0;
}

static int give_control(struct pinion_ws_decoder *decoder, const uint8_t *payload, size_t len,
                        struct pinion_ws_event *event)
{
    end_frame(decoder);
    uint8_t opcode = frame_opcode(decoder);
    if (opcode == OPCODE_CLOSE)
        return give_close(decoder, payload, len, event);
    event->type = opcode == OPCODE_PING ? PINION_WS_PING : PINION_WS_PONG;
    event->data = (const char *)payload;
    event->len = len;
    return 0;
}

static int gather_control(struct pinion_ws_decoder *decoder, const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    if (!decoder->control) {
        decoder->control = malloc(n + decoder->remaining);
        if (!decoder->control)
            return CLOSE_INTERNAL_ERROR;
        decoder->control_len = 0;
    }
    memcpy(decoder->control + decoder->control_len, bytes, n);
    decoder->control_len = (uint8_t)(decoder->control_len + n);
    return 0;
}

/* Take n unmasked bytes of the current control frame. */
static int take_control(struct pinion_ws_decoder *decoder, const uint8_t *bytes, size_t n,
                        struct pinion_ws_event *event)
{
    if (!decoder->control && decoder->remaining == 0)
        return give_control(decoder, bytes, n, event);
    int rc = gather_control(decoder, bytes, n);
    if (rc || decoder->remaining > 0)
        return rc ? rc : PINION_MORE;
    return give_control(decoder, decoder->control, decoder->control_len, event);
}

static int read_payload(struct pinion_ws_decoder *decoder, uint8_t *data, size_t len, size_t *pos,
                        struct pinion_ws_event *event)
{
    uint8_t *bytes = data + *pos;
    size_t n = len - *pos < decoder->remaining ? len - *pos : (size_t)decoder->remaining;
    unmask(decoder->mask, bytes, n);
    decoder->remaining -= n;
    if (decoder->remaining > 0)
        turn_mask(decoder->mask, n);
    *pos += n;
    if (is_control(frame_opcode(decoder)))
        return take_control(decoder, bytes, n, event);
    return take_data(decoder, bytes, n, event);
}

static void free_control(struct pinion_ws_decoder *decoder)
{
    free(decoder->control);
    decoder->control = NULL;
}

void pinion__ws_decoder_forget(struct pinion_ws_decoder *decoder)
{
    if (!decoder->in_payload)
        free_control(decoder);
    if (decoder->message_opcode == 0)
        pinion__buf_release(&decoder->message);
}

static void fail(struct pinion_ws_decoder *decoder, int code, struct pinion_ws_event *event)
{
    pinion__ws_decoder_release(decoder);
    decoder->finished = true;
    *event = (struct pinion_ws_event){ .type = PINION_WS_ERROR, .close_code = (uint16_t)code };
}

void pinion__ws_decoder_init(struct pinion_ws_decoder *decoder, size_t max_message)
{
    *decoder = (struct pinion_ws_decoder){ 0 };
    pinion__buf_init(&decoder->message, max_message);
}

bool pinion__ws_decoder_idle(const struct pinion_ws_decoder *decoder)
{
    return decoder->header_len == 0 && decoder->message_opcode == 0 && !decoder->finished;
}

/* Between two frames it may always be so, because the next frame may be short. */
bool pinion__ws_decoder_may_end(const struct pinion_ws_decoder *decoder, size_t large, size_t len)
{
    return decoder->message.len > large && (!decoder->in_payload || decoder->remaining <= len);
}

void pinion__ws_decoder_release(struct pinion_ws_decoder *decoder)
{
    free_control(decoder);
    pinion__buf_release(&decoder->message);
}

void pinion__ws_decode(struct pinion_ws_decoder *decoder, uint8_t *data, size_t len, size_t *pos,
                       struct pinion_ws_event *event)
{
    pinion__ws_decoder_forget(decoder);
    *event = (struct pinion_ws_event){ .type = PINION_WS_NEED_MORE };
    int rc = 0;
    while (!decoder->finished && rc == 0 && event->type == PINION_WS_NEED_MORE) {
        PINION_WORK(1);
        if (!decoder->in_payload)
            rc = read_header(decoder, data, len, pos);
        if (rc == 0)
            rc = read_payload(decoder, data, len, pos, event);
    }
    if (rc > 0)
        fail(decoder, rc, event);
    if (decoder->finished)
        *pos = len;
}

static void put_big_endian(uint8_t *out, uint64_t number, size_t size)
{
    while (size > 0) {
        out[--size] = (uint8_t)number;
        number >>= 8;
    }
}

void pinion__ws_frame_header(struct pinion_frame *frame)
{
    size_t len = frame->body_len;
    uint8_t size = len > UINT16_MAX ? 8 : len > CONTROL_MAX ? 2 : 0;
    frame->head_len = (uint8_t)(2 + size);
    uint8_t *head = (uint8_t *)pinion__frame_body(frame) - frame->head_len;
    head[0] = (uint8_t)(0x80 | frame->opcode);
    head[1] = (uint8_t)(size == 8 ? 127 : size == 2 ? 126 : len);
    put_big_endian(head + 2, len, size);
}

struct pinion_frame *pinion__ws_control_frame(uint8_t opcode, const void *data, size_t len)
{
    assert(is_control(opcode) && len <= CONTROL_MAX);
    struct pinion_frame *frame = pinion__frame_new(len);
    if (!frame)
        return NULL;
    if (len > 0)
        memcpy(pinion__frame_body(frame), data, len);
    frame->opcode = opcode;
    frame->body_len = len;
    pinion__ws_frame_header(frame);
    return frame;
}

struct pinion_frame *pinion__ws_close_frame(uint16_t code)
{
    uint8_t payload[2] = { (uint8_t)(code >> 8), (uint8_t)code };
    bool empty = code == 0 || code == CLOSE_NO_CODE;
    return pinion__ws_control_frame(OPCODE_CLOSE, payload, empty ? 0 : sizeof payload);
}
