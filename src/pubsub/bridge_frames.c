#include "pubsub/bridge_frames.h"
#include <pinion/error.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void pinion__bridge_head(char out[PINION_BRIDGE_HEAD], enum pinion_bridge_frame kind, size_t len)
{
    for (int i = 0; i < 4; i++)
        out[i] = (char)(unsigned char)(len >> (24 - 8 * i));
    out[4] = (char)kind;
}

void pinion__bridge_reader_init(struct pinion_bridge_reader *reader, size_t max)
{
    *reader = (struct pinion_bridge_reader){ .max = max };
}

void pinion__bridge_reader_release(struct pinion_bridge_reader *reader)
{
    free(reader->body);
    pinion__bridge_reader_init(reader, reader->max);
}

static size_t body_len(const struct pinion_bridge_reader *reader)
{
    const unsigned char *head = reader->head;
    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

static size_t smaller(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Take what is missing of the head. Returns false when more is needed. */
static bool take_head(struct pinion_bridge_reader *reader, struct pinion_slice *bytes)
{
    size_t part = smaller(PINION_BRIDGE_HEAD - reader->head_len, bytes->len);
    memcpy(reader->head + reader->head_len, bytes->ptr, part);
    reader->head_len += part;
    *bytes = pinion__slice(bytes->ptr + part, bytes->len - part);
    return reader->head_len == PINION_BRIDGE_HEAD;
}

/* A body that is here as a whole is not copied. */
static int take_body(struct pinion_bridge_reader *reader, struct pinion_slice *bytes,
                     struct pinion_slice *body)
{
    size_t len = body_len(reader), part = smaller(len - reader->have, bytes->len);
    *body = pinion__slice(bytes->ptr, len);
    if (len > reader->max)
        return PINION_EPROTO;
    if (part < len && !reader->body && !(reader->body = malloc(len)))
        return PINION_ENOMEM;
    if (reader->body) {
        memcpy(reader->body + reader->have, bytes->ptr, part);
        *body = pinion__slice(reader->body, len);
    }
    reader->have += part;
    *bytes = pinion__slice(bytes->ptr + part, bytes->len - part);
    return reader->have == len ? 0 : PINION_EPENDING;
}

int pinion__bridge_read(struct pinion_bridge_reader *reader, struct pinion_slice bytes,
                        pinion_bridge_frame_fn *fn, void *context)
{
    struct pinion_slice body;
    while (bytes.len > 0 && take_head(reader, &bytes)) {
        int rc = take_body(reader, &bytes, &body);
        if (rc == PINION_EPENDING)
            return 0;
        if (!rc)
            rc = fn(context, reader->head[4], body);
        if (rc)
            return rc;
        pinion__bridge_reader_release(reader);
    }
    return 0;
}
