/* What the files of the state machine share: lives.c has its steps, times and signals, lives_end.c the ends
 * of children, lives_said.c what children say. The functions return acts, as those of lives.h. */
#ifndef PINION_SUPERVISE_LIVES_INT_H
#define PINION_SUPERVISE_LIVES_INT_H

#include "supervise/lives.h"

#define PINION_NEVER UINT64_MAX

static const struct pinion_life pinion__no_life = { .state = PINION_LIFE_NONE, .due = PINION_NEVER };

/* The time `ms` from now; 0 ms: never. */
static inline uint64_t pinion__lives_in(uint64_t now, uint32_t ms)
{
    return ms ? now + ms : PINION_NEVER;
}

/* The child with this process id, or NULL. */
struct pinion_life *pinion__lives_of(struct pinion_lives *lives, pid_t pid);

unsigned pinion__lives_stop_child(struct pinion_lives *lives, int signal, uint64_t now);
unsigned pinion__lives_stop_other(struct pinion_lives *lives, int signal, uint64_t now);

unsigned pinion__lives_start(struct pinion_lives *lives);

/* Start the newer program in the place of the one before. */
unsigned pinion__lives_replace(struct pinion_lives *lives);

/* The last child has ended, and no other will be started. */
unsigned pinion__lives_over(struct pinion_lives *lives, int exit_status);

/* No child will be started any more. */
unsigned pinion__lives_conclude(struct pinion_lives *lives, int exit_status, uint64_t now);

unsigned pinion__lives_announce(struct pinion_lives *lives);

/* An upgrade is over, with or without success. */
unsigned pinion__lives_settle(struct pinion_lives *lives, uint64_t now);

/* The child that had what the other waits for has ended. */
unsigned pinion__lives_let_in(struct pinion_lives *lives, uint64_t now);

/* The other child becomes the child. */
unsigned pinion__lives_take_over(struct pinion_lives *lives, uint64_t now);

#endif
