/* Counts the deliveries that clients cause with their messages. If one client causes many, or all together do
 * in one turn of the loop, or their messages take long in one, its next message waits for its turn
 * (base/turns.h), so that others are served in between. Belongs to a shard, and so to its loop. */
#ifndef PINION_ENGINE_SPOKEN_H
#define PINION_ENGINE_SPOKEN_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_SPOKEN_MAX 4096 /* deliveries that one client may cause in one go */
#define PINION_SPOKEN_MAX_TURN                                                                               \
    ((uint64_t)32768) /* that all clients may cause in one turn; after that each has one message */

struct pinion_shard;

/* All zero at first. */
struct pinion_spoken {
    uint64_t turn;   /* the last turn of the loop in which a client sent something */
    uint64_t before; /* how many deliveries the shard had made when that turn began */
};

/* Call this before a client's bytes are handled. Returns a mark for pinion__spoken_enough. */
uint64_t pinion__spoken_begin(struct pinion_shard *shard);

/* Call this after each message. True when the client has caused its share since the mark, or all clients have
 * caused theirs in this turn. */
bool pinion__spoken_enough(struct pinion_shard *shard, uint64_t mark);

#endif
