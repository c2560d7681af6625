/* What an object tells itself later. A delay holds a message, and hands it over when its time has come. Each
 * has a number, by which it can be cancelled. All that is here belongs to one loop. */
#ifndef PINION_BASE_DELAYS_H
#define PINION_BASE_DELAYS_H

#include "base/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_scheduler;

/* The delays of one owner. */
struct pinion_delays {
    struct pinion_list list;
    size_t count;
    uint64_t next_id;
};

/* A message, whose it is, and what is done with it. `due` takes it when its time has come; `drop` takes one
 * whose time does not come. */
struct pinion_delayed {
    void *owner;
    void *message;
    void (*due)(void *owner, void *message);
    void (*drop)(void *message);
};

void pinion__delays_init(struct pinion_delays *delays);

/* Hold a message for so long; 0: hand it over now. *id, when given, is its number. On failure the message is
 * dropped. `message` may be NULL: there was no memory for it. PINION_ENOMEM. */
int pinion__delays_add(struct pinion_delays *delays, const struct pinion_delayed *delayed,
                       struct pinion_scheduler *scheduler, uint32_t delay_ms, uint64_t *id);

/* Drop the one with this number. False: there is none. */
bool pinion__delays_cancel(struct pinion_delays *delays, uint64_t id);

/* Drop all. */
void pinion__delays_release(struct pinion_delays *delays);

#endif
