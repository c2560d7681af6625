/* Messages that come in pieces, until they are whole. Bounded: all that is incomplete together, and the time
 * that one may wait for its next piece. Not thread-safe. */
#ifndef PINION_PUBSUB_PIECES_H
#define PINION_PUBSUB_PIECES_H

#include "base/list.h"
#include "pubsub/parcel.h"

#define PINION_PIECES_PATIENCE_MS 10000

struct pinion_pieces {
    struct pinion_list messages; /* the one that got a piece last is last */
    size_t bytes;                /* of all of them, as they will be */
    size_t max;
};

void pinion__pieces_init(struct pinion_pieces *pieces, size_t max);

/* Drop what is incomplete: how many messages. */
size_t pinion__pieces_release(struct pinion_pieces *pieces);

/* Take a piece. True: it was the last one, and *whole is the message, which the caller frees. Messages that
 * are dropped, because this one does not fit, or a piece is missing, or one has waited too long, are added to
 * *lost; what begins in the middle was for those who were there before, and is left out. */
bool pinion__pieces_take(struct pinion_pieces *pieces, const struct pinion_piece *piece, uint64_t now_ms,
                         char **whole, size_t *lost);

/* Drop those that have waited too long: how many. */
size_t pinion__pieces_expire(struct pinion_pieces *pieces, uint64_t now_ms);

#endif
