#include "outbuf.h"
#include "die.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256

uint8_t *outbuf_extend(struct outbuf *out, size_t len)
{
    struct outbuf_part *part = &out->waiting;
    if (part->cap - part->len < len) {
        size_t cap = part->cap ? 2 * part->cap : FIRST_CAP;
        while (cap < part->len + len)
            cap *= 2;
        part->bytes = must_realloc(part->bytes, cap);
        part->cap = cap;
    }
    part->len += len;
    return part->bytes + part->len - len;
}

void outbuf_append(struct outbuf *out, const void *bytes, size_t len)
{
    memcpy(outbuf_extend(out, len), bytes, len);
}

bool outbuf_next(struct outbuf *out, const uint8_t **bytes, size_t *len)
{
    if (out->sent == out->sending.len) {
        struct outbuf_part done = out->sending;
        out->sending = out->waiting;
        out->waiting = done;
        out->waiting.len = 0;
        out->sent = 0;
    }
    *len = out->sending.len - out->sent;
    if (*len == 0)
        return false; /* if nothing was ever queued, there are no bytes to point to */
    *bytes = out->sending.bytes + out->sent;
    return true;
}

void outbuf_sent(struct outbuf *out, size_t len)
{
    out->sent += len;
}

void outbuf_release(struct outbuf *out)
{
    free(out->waiting.bytes);
    free(out->sending.bytes);
    *out = (struct outbuf){ 0 };
}
