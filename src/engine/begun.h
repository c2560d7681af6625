/* Work that was begun for a loop and is not done yet. The loop does not end before it is done, so whoever
 * does work off the loop can always come back to it. */
#ifndef PINION_ENGINE_BEGUN_H
#define PINION_ENGINE_BEGUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct pinion_shard;
struct pinion_task;

/* All zero: nothing was begun. */
struct pinion_begun {
    atomic_size_t count; /* and two bits that say what may still begin: begun.c */
};

/* One more is begun, by the loop itself (`here`) or elsewhere. False: the loop has ended, or only what it
 * begins itself is still done. Thread: any. */
bool pinion__begun_add(struct pinion_begun *begun, bool here);

/* One of them is done. Thread: the loop's. */
void pinion__begun_remove(struct pinion_begun *begun);

/* Have a worker run a task for the loop that calls: one more is begun. PINION_ECLOSED: the loop has ended;
 * those of pinion__workers_run. */
int pinion__begun_run(struct pinion_shard *shard, struct pinion_task *task);

/* How many are begun and not done; is it any? Thread: any. */
size_t pinion__begun_count(const struct pinion_begun *begun);
bool pinion__begun_any(const struct pinion_begun *begun);

/* The loop has nothing else to do any more: from now on only it may begin work. Otherwise threads that go on
 * beginning could keep it for ever. Thread: the loop's. */
void pinion__begun_last(struct pinion_begun *begun);

/* The loop ends: wait until all that was begun is done, and let nothing begin from then on. What is posted to
 * the loop runs meanwhile. It may be called again. Thread: the loop's, but not inside a task or a timer. */
void pinion__begun_finish(struct pinion_shard *shard);

#endif
