/* Looking over whole structures, in builds with checks: PINION_CHECKS, which all presets but release have
 * (docs/debugging.md). Elsewhere all of this is nothing.
 *
 * A checker, pinion__X_check, is given a structure between two acts on it, and returns a sentence that tells
 * what is wrong, or NULL. It changes nothing. It takes time in proportion to what is inside, and comes to an
 * end whatever has become of the structure; one that has freed memory in it ends the program where
 * AddressSanitizer watches. Thread: the structure's; what has a lock is locked.
 *
 * The checkers of a layer are declared in its check.h. They are called at the end of every turn by the
 * fuzzers that run whole loops, and of some turns by every endpoint (endpoint/check.h). */
#ifndef PINION_BASE_CHECK_H
#define PINION_BASE_CHECK_H

#ifdef PINION_CHECKS

#include "base/mailbox.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/scheduler.h"
#include "base/stock.h"
#include "base/turns.h"

#ifdef NDEBUG
#error "builds with checks have assertions"
#endif

/* End the program unless `wrong`, the result of a checker, is NULL. */
#define PINION_CHECK(wrong) pinion__checked(wrong, #wrong, __FILE__, __LINE__)

void pinion__checked(const char *wrong, const char *call, const char *file, int line);

/* *count (which may be NULL): the nodes, or tasks. */
const char *pinion__list_check(const struct pinion_list *list, size_t *count);
const char *pinion__task_queue_check(const struct pinion_task_queue *queue, size_t *count);

const char *pinion__map_check(const struct pinion_map *map);
const char *pinion__multimap_check(const struct pinion_map *map);
const char *pinion__wheel_check(const struct pinion_wheel *wheel);
const char *pinion__mailbox_check(struct pinion_mailbox *mailbox);
const char *pinion__scheduler_check(struct pinion_scheduler *scheduler);
const char *pinion__turns_check(const struct pinion_turns *turns);

/* *used (which may be NULL): blocks that were taken. */
const char *pinion__regions_check(const struct pinion_regions *regions, size_t *used);
const char *pinion__slabs_check(const struct pinion_slabs *slabs);
const char *pinion__pool_check(const struct pinion_pool *pool);
const char *pinion__stock_check(const struct pinion_stock *stock);

#else
#define PINION_CHECK(wrong) ((void)0)
#endif

#endif
