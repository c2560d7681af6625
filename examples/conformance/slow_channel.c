#include "conformance.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KB        1000
#define KB_MAX    10000
#define COUNT_MAX 100000

/* The last frame of a fill, while it has found no room. */
struct held {
    int i; /* -1: there is none */
    size_t size;
};

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    struct held *held = malloc(sizeof *held);
    if (!held)
        return pinion_crash();
    held->i = -1;
    pinion_channel_set_state(channel, held, free);
    return pinion_ok(NULL);
}

/* ---- frames: {"i":7,"pad":"xxx..."}, whose pads are made once ---- */

#define HEAD_MAX 40

struct frames {
    char *text; /* room for the head, and the pad to its end */
    size_t size;
};

static bool frames_make(struct frames *frames, size_t size)
{
    frames->size = size;
    frames->text = malloc(HEAD_MAX + size + 2);
    if (!frames->text)
        return false;
    memset(frames->text + HEAD_MAX, 'x', size);
    memcpy(frames->text + HEAD_MAX + size, "\"}", 2);
    return true;
}

static int frames_push(const struct frames *frames, pinion_channel *channel, int i)
{
    char head[HEAD_MAX];
    size_t length = (size_t)snprintf(head, sizeof head, "{\"i\":%d,\"pad\":\"", i);
    char *text = frames->text + HEAD_MAX - length;
    memcpy(text, head, length);
    return pinion_push_droppable(channel, "fill", pinion_payload_text(text, length + frames->size + 2));
}

/* ---- events ---- */

/* A number of a payload. False: it is none, or not from 1 to `most`. */
static bool read_number(const pinion_payload *payload, const char *name, int most, int *out)
{
    json_t *value = pinion_payload_get(payload, name);
    if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > most)
        return false;
    *out = (int)json_integer_value(value);
    return true;
}

/* What finds no room is lost, except for the last frame. There is no reply: it could find no room either. */
static pinion_result fill(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    struct held *held = pinion_channel_state(channel);
    int kb, count, rc = 0;
    if (!read_number(payload, "kb", KB_MAX, &kb) || !read_number(payload, "count", COUNT_MAX, &count))
        return pinion_error(pinion_json("{s:s}", "reason", "kb and count are numbers"));
    struct frames frames;
    if (!frames_make(&frames, (size_t)kb * KB))
        return pinion_crash();
    for (int i = 0; i < count; i++)
        rc = frames_push(&frames, channel, i);
    free(frames.text);
    *held = (struct held){ .i = rc == PINION_EBUSY ? count - 1 : -1, .size = frames.size };
    return pinion_noreply();
}

static pinion_result drained(pinion_channel *channel)
{
    struct held *held = pinion_channel_state(channel);
    struct frames frames;
    if (held->i < 0)
        return pinion_noreply();
    if (!frames_make(&frames, held->size))
        return pinion_crash();
    if (frames_push(&frames, channel, held->i) != PINION_EBUSY)
        held->i = -1;
    free(frames.text);
    return pinion_noreply();
}

static pinion_result queued(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    size_t bytes = pinion_socket_queued(pinion_channel_socket(channel));
    return pinion_ok(pinion_json("{s:I}", "bytes", (json_int_t)bytes));
}

const pinion_channel_def conformance_slow_channel = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "fill", fill }, { "queued", queued }),
    .drained = drained,
};
