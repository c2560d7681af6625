#include "transport/longpoll_queue.h"
#include "proto/json_scan.h"
#include "proto/longpoll_codec.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

/* The length before it was quoted lies behind the body: what goes to WebSockets needs no place for it. */
struct pinion_frame *pinion__longpoll_quote(struct pinion_frame *encoded)
{
    struct pinion_slice text = pinion__frame_wire(encoded);
    if (encoded->opcode != PINION_OPCODE_TEXT)
        return encoded;
    size_t len = pinion__json_quoted_len(text);
    struct pinion_frame *quoted = pinion__frame_new(len + sizeof text.len);
    if (quoted) {
        quoted->opcode = PINION_OPCODE_TEXT;
        quoted->body_len = len;
        pinion__json_quote(pinion__frame_body(quoted), text);
        memcpy(pinion__frame_body(quoted) + len, &text.len, sizeof text.len);
    }
    pinion__frame_unref(encoded);
    return quoted;
}

size_t pinion__longpoll_frame_memory(struct pinion_frame *quoted)
{
    size_t len;
    memcpy(&len, pinion__frame_body(quoted) + quoted->body_len, sizeof len);
    return len + PINION_FRAME_QUEUED;
}

static bool grow(struct pinion_longpoll_queue *queue)
{
    size_t cap = queue->cap ? queue->cap * 2 : 4;
    struct pinion_frame **frames = realloc(queue->frames, cap * sizeof(struct pinion_frame *));
    if (!frames)
        return false;
    queue->frames = frames;
    queue->cap = cap;
    return true;
}

int pinion__longpoll_queue_put(struct pinion_longpoll_queue *queue, struct pinion_frame *quoted)
{
    if (queue->count == queue->cap && !grow(queue))
        return PINION_ENOMEM;
    queue->frames[queue->count++] = pinion__frame_ref(quoted);
    queue->memory += pinion__longpoll_frame_memory(quoted);
    return 0;
}

size_t pinion__longpoll_queue_behind(const struct pinion_longpoll_queue *queue)
{
    return queue->count ? queue->memory - pinion__longpoll_frame_memory(queue->frames[0]) : 0;
}

size_t pinion__longpoll_queue_drop(struct pinion_longpoll_queue *queue, size_t most)
{
    size_t kept = 0, count = queue->count;
    if (count > 0 && !queue->frames[0]->droppable) /* it stays, and does not count */
        most += pinion__longpoll_frame_memory(queue->frames[0]);
    for (size_t i = 0; i < count; i++) {
        struct pinion_frame *frame = queue->frames[i];
        if (!frame->droppable || queue->memory <= most) {
            queue->frames[kept++] = frame;
            continue;
        }
        queue->memory -= pinion__longpoll_frame_memory(frame);
        pinion__frame_unref(frame);
    }
    queue->count = kept;
    return count - kept;
}

int pinion__longpoll_queue_write(const struct pinion_longpoll_queue *queue, struct pinion_buf *out)
{
    int rc = 0;
    for (size_t i = 0; i < queue->count && !rc; i++)
        rc = pinion__longpoll_put_message(out, pinion__frame_wire(queue->frames[i]));
    return rc;
}

void pinion__longpoll_queue_clear(struct pinion_longpoll_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        pinion__frame_unref(queue->frames[i]);
    free(queue->frames);
    *queue = (struct pinion_longpoll_queue){ 0 };
}
