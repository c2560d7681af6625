/* Reassembles messages that come in pieces (parcel.h). The size of all incomplete messages together is
 * bounded, and so is the time a message may wait for its next piece. Not thread-safe. */
#ifndef PINION_PUBSUB_PIECES_H
#define PINION_PUBSUB_PIECES_H

#include "base/list.h"
#include "pubsub/parcel.h"

#define PINION_PIECES_PATIENCE_MS 10000

struct pinion_pieces {
    struct pinion_list messages; /* the message that got a piece last is last */
    size_t bytes;                /* of all messages when they are complete */
    size_t max;
};

void pinion__pieces_init(struct pinion_pieces *pieces, size_t max);

/* Drop all incomplete messages. Returns how many. */
size_t pinion__pieces_release(struct pinion_pieces *pieces);

/* Take a piece. Returns true when it completes a message: *whole is the message, which the caller frees.
 * Messages are dropped when this one does not fit, a piece is missing, or one has waited too long; their
 * number is added to *lost. If the first pieces of a message are missing, it is ignored: it was sent before
 * this node was there. */
bool pinion__pieces_take(struct pinion_pieces *pieces, const struct pinion_piece *piece, uint64_t now_ms,
                         char **whole, size_t *lost);

/* Drop messages that have waited too long. Returns how many. */
size_t pinion__pieces_expire(struct pinion_pieces *pieces, uint64_t now_ms);

#endif
