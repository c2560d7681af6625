/* How a broker carries messages: as they are, or in pieces. */
#include "base/clock.h"
#include "pubsub/broker_int.h"
#include <stdlib.h>

#define LARGEST_MIN 512 /* bytes; with less, there would be more heads than content */

/* ---- out ---- */

/* If the server accepts much more than there is, one piece carries everything. */
static int publish_pieces(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                          struct pinion_slice message, size_t largest)
{
    if (largest > message.len + PINION_PIECE_HEAD_MAX)
        largest = message.len + PINION_PIECE_HEAD_MAX;
    struct pinion_broker_state *state = broker->state;
    struct pinion_piece piece = { .life = state->life, .number = ++state->pieces_sent, .total = message.len };
    char *bytes = malloc(largest);
    int rc = 0;
    if (!bytes) {
        pinion__broker_lost(broker, 1);
        return 0;
    }
    while (!rc && piece.offset < message.len) {
        size_t head = pinion__piece_head(bytes, &piece), len = message.len - piece.offset;
        if (len > largest - PINION_PIECE_HEAD_MAX)
            len = largest - PINION_PIECE_HEAD_MAX;
        memcpy(bytes + head, message.ptr + piece.offset, len);
        rc = broker->link->publish(broker, kind, subject, bytes, head + len);
        piece.offset += len;
    }
    free(bytes);
    return rc;
}

/* Bytes that look like a parcel are also sent in a piece. */
int pinion__broker_publish(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                           struct pinion_slice message)
{
    size_t largest = broker->link->largest(broker);
    bool fits = !largest || message.len <= largest;
    if (fits && !pinion__is_parcel(message))
        return broker->link->publish(broker, kind, subject, message.ptr, message.len);
    if (!largest)
        largest = SIZE_MAX;
    if (largest >= LARGEST_MIN)
        return publish_pieces(broker, kind, subject, message, largest);
    if (pinion__broker_may_say(&broker->state->said_small))
        pinion__log(PINION_LOG_ERROR,
                    "pubsub %s: the server takes messages of %zu bytes at most, and %d are the least to work "
                    "with: raise its limit (max_payload)",
                    broker->link->name, largest, LARGEST_MIN);
    pinion__broker_lost(broker, 1);
    return 0;
}

/* ---- in ---- */

static void receive_piece(struct pinion_broker *broker, const struct pinion_piece *piece)
{
    struct pinion_broker_state *state = broker->state;
    char *whole = NULL;
    size_t lost = 0;
    if (piece->life == state->life)
        return;
    if (pinion__pieces_take(&state->pieces, piece, pinion__clock_ms(), &whole, &lost)) {
        state->events->received(state->core, whole, piece->total);
        free(whole);
    }
    if (lost)
        pinion__broker_lost(broker, lost);
}

/* Nodes of the same release send only parcels that can be read. */
static void receive_parcel(struct pinion_broker *broker, struct pinion_slice bytes)
{
    struct pinion_parcel parcel;
    if (pinion__parcel_read(bytes, &parcel) != 0)
        return;
    if (parcel.kind == PINION_PARCEL_PIECE)
        receive_piece(broker, &parcel.piece);
    else
        pinion__broker_hear(broker, &parcel.notice);
}

void pinion__broker_received(struct pinion_broker *broker, const void *bytes, size_t length)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->receiving);
    if (state->taking && pinion__is_parcel(pinion__slice(bytes, length)))
        receive_parcel(broker, pinion__slice(bytes, length));
    else if (state->taking)
        state->events->received(state->core, bytes, length);
    pinion__unlock(&state->receiving);
}

/* Messages that are incomplete when the connection breaks are never completed. */
void pinion__broker_take_messages(struct pinion_broker *broker, bool taking)
{
    struct pinion_broker_state *state = broker->state;
    pinion__lock(&state->receiving);
    state->taking = taking;
    size_t lost = pinion__pieces_release(&state->pieces);
    pinion__unlock(&state->receiving);
    if (lost)
        pinion__broker_lost(broker, lost);
}
