/* How many deliveries clients cause by what they say: a client that speaks to many, or is one of many who
 * speak at once, has its next message wait for its turn (base/turns.h), so that others are served in between.
 * Belongs to a shard, and so to its loop's thread.
 */
#ifndef PINION_ENGINE_SPOKEN_H
#define PINION_ENGINE_SPOKEN_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_SPOKEN_MAX 4096 /* deliveries that one client may cause in one go */
#define PINION_SPOKEN_MAX_TURN                                                                               \
    ((uint64_t)32768) /* that all may cause in a turn of the loop, one message each beyond */

struct pinion_shard;

/* All zero: nobody has spoken. */
struct pinion_spoken {
    uint64_t turn;   /* of the loop, in which it was looked at last */
    uint64_t before; /* deliveries of the shard, ever, when that turn began */
};

/* Before a client's bytes are handled: the mark to ask with afterwards. */
uint64_t pinion__spoken_begin(struct pinion_shard *shard);

/* True when the client whose mark this is has caused its share, or all together have caused that of the turn.
 */
bool pinion__spoken_enough(const struct pinion_shard *shard, uint64_t mark);

#endif
