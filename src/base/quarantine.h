/* Blocks that were freed, in builds with checks (base/check.h): they are kept for a while before their memory
 * is used again. A pointer to such a block that a user has kept then still finds it, and the public functions
 * can say so; without this, the pointer would reach the next object at the same place. A freed block is
 * filled with 0xdd, and AddressSanitizer knows that it is freed.
 *
 * A quarantine is bounded: the oldest block leaves it first. In other builds all of this compiles to nothing.
 *
 * Thread: a quarantine belongs to one thread. The shared one, of blocks that any thread frees, has a lock. */
#ifndef PINION_BASE_QUARANTINE_H
#define PINION_BASE_QUARANTINE_H

#ifdef PINION_CHECKS

#include <stdbool.h>
#include <stddef.h>

#define PINION_QUARANTINE_BLOCKS 1024
#define PINION_QUARANTINE_BYTES  ((size_t)1 << 20)

struct pinion_kept;

/* All zeros: empty. */
struct pinion_quarantine {
    struct pinion_kept *first, *last; /* the oldest is the first */
    size_t count;
    size_t bytes;
};

/* Keep this freed block, which has at least three words. */
void pinion__quarantine_put(struct pinion_quarantine *quarantine, void *block, size_t size);

/* The oldest block leaves: the caller frees it for good. NULL when there is none. */
void *pinion__quarantine_take(struct pinion_quarantine *quarantine, size_t *size);

/* The same, but only while there is more in the quarantine than its bounds allow. */
void *pinion__quarantine_excess(struct pinion_quarantine *quarantine, size_t *size);

/* In place of pinion__block_free (base/stock.h): the block goes into the shared quarantine. */
void pinion__block_keep(void *block, size_t size);

/* Free all blocks of the shared quarantine. */
void pinion__blocks_forget(void);

/* Is this a block in a quarantine? The object must be in one, or be in use. Then its first word is never what
 * a freed block has there. */
bool pinion__is_gone(const void *object);

/* In a public function: this object must not be in a quarantine. A format and its arguments follow. Include
 * base/misuse.h. */
#define PINION_NOT_GONE(object, ...) PINION_RULE(!pinion__is_gone(object), (void)0, __VA_ARGS__)

#else
#define PINION_NOT_GONE(object, ...) ((void)0)
#endif

#endif
