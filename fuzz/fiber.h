/* A function on a stack of its own, which stops in its middle and goes on when it is told to: for calls that
 * return only at the end of what they run (pinion_endpoint_run), of which there are several on one thread. */
#ifndef PINION_FUZZ_FIBER_H
#define PINION_FUZZ_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#define FIBER_STACK ((size_t)256 << 10)

struct fiber {
    ucontext_t self, back;
    void (*run)(void *data);
    void *data;
    bool over;
    void *stack;
    void *shadow, *shadow_back; /* AddressSanitizer's, of either side */
    const void *stack_back;     /* where the other side's stack is, which only that sanitizer asks */
    size_t stack_back_size;
    void *thread, *thread_back; /* ThreadSanitizer's */
};

/* Begin it. Returns when it has stopped for the first time, or is over. */
void fiber_begin(struct fiber *fiber, void (*run)(void *data), void *data);

/* Stop in its middle. From inside it. */
void fiber_stop(struct fiber *fiber);

/* Let it go on. Returns as begin does. */
void fiber_go_on(struct fiber *fiber);

/* Free the stack of one that is over. */
void fiber_end(struct fiber *fiber);

#endif
