/* Envelopes: any bytes that another node may send. What is read must lie in the input, be valid, and become
 * the same bytes when it is written again: there is only one way to write each envelope.
 *
 * Fuzzes: src/pubsub/envelope.c */
#include "fuzz.h"
#include "proto/utf8.h"
#include "pubsub/envelope.h"
#include <pinion/error.h>

static void check_text(struct pinion_slice text, struct pinion_slice whole)
{
    REQUIRE(lies_in(text, whole));
    REQUIRE(pinion__utf8_valid(text.ptr, text.len));
    REQUIRE(text.len == 0 || !memchr(text.ptr, '\0', text.len));
}

static void check(const struct pinion_envelope *envelope, struct pinion_slice whole)
{
    check_text(envelope->node, whole);
    REQUIRE(pinion__is_node_id(envelope->node) && envelope->sequence > 0);
    REQUIRE(lies_in(envelope->body, whole));
    if (envelope->kind == PINION_ENVELOPE_BROADCAST) {
        check_text(envelope->broadcast.topic, whole);
        check_text(envelope->broadcast.event, whole);
        REQUIRE(lies_in(envelope->broadcast.payload, whole));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_envelope envelope;
    char *exact = allocate(size);
    if (size)
        memcpy(exact, data, size);
    struct pinion_slice whole = pinion__slice(exact, size);
    int rc = pinion__envelope_read(whole, &envelope);
    REQUIRE(rc == 0 || rc == PINION_EPROTO || rc == PINION_ENOTSUP);
    if (rc == 0) {
        check(&envelope, whole);
        REQUIRE(pinion__envelope_size(&envelope) == size);
        char *again = allocate(size);
        pinion__envelope_write(&envelope, again);
        REQUIRE(memcmp(again, exact, size) == 0);
        free(again);
    }
    free(exact);
    return 0;
}
