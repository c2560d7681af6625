/* The blocks are linked by what is written into them, so a quarantine needs no memory of its own. */
#include "base/quarantine.h"

#ifdef PINION_CHECKS

#include "base/sanitizer.h"
#include "base/stock.h"
#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define FREED ((int)0xdd)

typedef uintptr_t __attribute__((may_alias)) word;

/* The first word of an object in use is a pointer, or begins with the count of references: a pointer is
 * aligned, and a count is never that high. */
#define MARK ((word)-1 / 0xff * FREED)

struct __attribute__((may_alias)) pinion_kept {
    word mark;
    struct pinion_kept *next;
    size_t size;
};

void pinion__quarantine_put(struct pinion_quarantine *quarantine, void *block, size_t size)
{
    struct pinion_kept *kept = block;
    assert(size >= sizeof *kept);
    memset(block, FREED, size);
    kept->next = NULL;
    kept->size = size;
    if (quarantine->last) {
        PINION_UNPOISON(quarantine->last, sizeof *kept);
        quarantine->last->next = kept;
        PINION_POISON(quarantine->last, sizeof *kept);
    } else {
        quarantine->first = kept;
    }
    quarantine->last = kept;
    quarantine->count++;
    quarantine->bytes += size;
    PINION_POISON(block, size);
}

void *pinion__quarantine_take(struct pinion_quarantine *quarantine, size_t *size)
{
    struct pinion_kept *kept = quarantine->first;
    if (!kept)
        return NULL;
    PINION_UNPOISON(kept, sizeof *kept);
    *size = kept->size;
    PINION_UNPOISON(kept, *size);
    quarantine->first = kept->next;
    if (!quarantine->first)
        quarantine->last = NULL;
    quarantine->count--;
    quarantine->bytes -= *size;
    return kept;
}

void *pinion__quarantine_excess(struct pinion_quarantine *quarantine, size_t *size)
{
    bool over = quarantine->count > PINION_QUARANTINE_BLOCKS || quarantine->bytes > PINION_QUARANTINE_BYTES;
    return over ? pinion__quarantine_take(quarantine, size) : NULL;
}

/* Nobody may read a freed block, except for this question: so it is answered before AddressSanitizer ends the
 * program, and with a better sentence. Another thread may be counting references at this place. */
PINION_NOT_SANITIZED bool pinion__is_gone(const void *object)
{
    return __atomic_load_n((const word *)object, __ATOMIC_RELAXED) == MARK;
}

/* ---- the shared quarantine ---- */

static struct {
    pthread_mutex_t lock;
    struct pinion_quarantine blocks;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* AddressSanitizer has a quarantine of its own, and says who freed a block. */
#if PINION_ADDRESS_SANITIZER
void pinion__block_keep(void *block, size_t size)
{
    pinion__block_free(block, size);
}
#else
void pinion__block_keep(void *block, size_t size)
{
    pthread_mutex_lock(&shared.lock);
    pinion__quarantine_put(&shared.blocks, block, size);
    while ((block = pinion__quarantine_excess(&shared.blocks, &size)))
        pinion__block_free(block, size);
    pthread_mutex_unlock(&shared.lock);
}
#endif

void pinion__blocks_forget(void)
{
    void *block;
    size_t size;
    pthread_mutex_lock(&shared.lock);
    while ((block = pinion__quarantine_take(&shared.blocks, &size)))
        pinion__block_free(block, size);
    pthread_mutex_unlock(&shared.lock);
}

#endif
