/* The WebSocket decoder: however the input is cut, the events are the same. The first byte says where. */
#include "proto/ws_frame.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum over all events: their types, codes, lengths and bytes. */
static uint64_t feed(struct pinion_ws_decoder *decoder, uint8_t *data, size_t len, uint64_t sum, bool *over)
{
    struct pinion_ws_event event;
    size_t pos = 0;
    for (;;) {
        pinion__ws_decode(decoder, data, len, &pos, &event);
        if (event.type == PINION_WS_NEED_MORE)
            return sum;
        /* A text that came whole is not checked yet: bad UTF-8 shows as an error only where it was cut. */
        if (event.type == PINION_WS_MESSAGE && !event.utf8_checked &&
            !pinion__utf8_valid(event.data, event.len))
            event = (struct pinion_ws_event){ .type = PINION_WS_ERROR, .close_code = 1007 };
        sum = sum * 31 + event.type * 7 + event.close_code;
        for (size_t i = 0; event.type == PINION_WS_MESSAGE && i < event.len; i++)
            sum = sum * 31 + (uint8_t)event.data[i];
        *over = event.type == PINION_WS_ERROR || event.type == PINION_WS_CLOSE;
        if (*over)
            return sum;
    }
}

static uint64_t run(const uint8_t *data, size_t size, size_t cut)
{
    struct pinion_ws_decoder decoder;
    uint8_t *copy = malloc(size + 1);
    uint64_t sum = 0;
    bool over = false;
    memcpy(copy, data, size);
    pinion__ws_decoder_init(&decoder, 4096);
    for (size_t at = 0; at < size && !over; at += cut)
        sum = feed(&decoder, copy + at, size - at < cut ? size - at : cut, sum, &over);
    pinion__ws_decoder_release(&decoder);
    free(copy);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (run(data + 1, size - 1, size) != run(data + 1, size - 1, 1 + data[0] % 32))
        abort();
    return 0;
}
