/* Checks of whole structures, in builds with PINION_CHECKS: all presets except release have it
 * (docs/debugging.md). In other builds all of this compiles to nothing.
 *
 * A checker, pinion__X_check, looks at a structure between two operations on it. It returns a sentence that
 * says what is wrong, or NULL. It changes nothing. It takes time in proportion to the size of the structure,
 * and ends even if the structure is broken. Under AddressSanitizer, a structure that contains freed memory
 * ends the program. Thread: the structure's; if the structure has a lock, the caller holds it.
 *
 * Each folder declares its checkers in its check.h. The fuzzers that run whole loops call them at the end of
 * every turn, every endpoint calls them in some turns (endpoint/check.h). */
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

/* End the program if `wrong`, the result of a checker, is not NULL. */
#define PINION_CHECK(wrong) pinion__checked(wrong, #wrong, __FILE__, __LINE__)

void pinion__checked(const char *wrong, const char *call, const char *file, int line);

/* *count is set to the number of nodes or tasks. count may be NULL. */
const char *pinion__list_check(const struct pinion_list *list, size_t *count);
const char *pinion__task_queue_check(const struct pinion_task_queue *queue, size_t *count);

const char *pinion__map_check(const struct pinion_map *map);
const char *pinion__multimap_check(const struct pinion_map *map);
const char *pinion__wheel_check(const struct pinion_wheel *wheel);
const char *pinion__mailbox_check(struct pinion_mailbox *mailbox);
const char *pinion__scheduler_check(struct pinion_scheduler *scheduler);
const char *pinion__turns_check(const struct pinion_turns *turns);

/* *used is set to the number of blocks that are taken. used may be NULL. */
const char *pinion__regions_check(const struct pinion_regions *regions, size_t *used);
const char *pinion__slabs_check(const struct pinion_slabs *slabs);
const char *pinion__pool_check(const struct pinion_pool *pool);
const char *pinion__stock_check(const struct pinion_stock *stock);

#else
#define PINION_CHECK(wrong) ((void)0)
#endif

#endif
