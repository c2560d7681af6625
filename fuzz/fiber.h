/* A function on a stack of its own, which stops in the middle and continues when it is told to. It is for
 * calls that return only at the end of what they run (pinion_endpoint_run), when there are several on one
 * thread. */
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
    void *shadow, *shadow_back; /* for AddressSanitizer, of both sides */
    const void *stack_back;     /* where the other side's stack is; only AddressSanitizer needs it */
    size_t stack_back_size;
    void *thread, *thread_back; /* for ThreadSanitizer */
};

/* Begin a fiber. Returns when it has stopped for the first time, or is over. */
void fiber_begin(struct fiber *fiber, void (*run)(void *data), void *data);

/* Stop the fiber. Called inside it. */
void fiber_stop(struct fiber *fiber);

/* Continue the fiber. Returns as fiber_begin does. */
void fiber_go_on(struct fiber *fiber);

/* Free the stack of a fiber that is over. */
void fiber_end(struct fiber *fiber);

#endif
