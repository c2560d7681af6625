/* Fibers switch by swapcontext. The sanitizers keep track of stacks, so they are told of each switch. */
#include "fiber.h"
#include "base/sanitizer.h"
#include "fuzz.h"
#include <string.h>

/* ---- for the sanitizers ---- */

#if PINION_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>

static void leave(void **shadow, const void *stack, size_t size)
{
    __sanitizer_start_switch_fiber(shadow, stack, size);
}

static void arrive(void *shadow, const void **stack, size_t *size)
{
    __sanitizer_finish_switch_fiber(shadow, stack, size);
}
#else
static void leave(void **shadow, const void *stack, size_t size)
{
}

static void arrive(void *shadow, const void **stack, size_t *size)
{
}
#endif

#if PINION_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>

static void make_thread(struct fiber *fiber)
{
    fiber->thread = __tsan_create_fiber(0);
    fiber->thread_back = __tsan_get_current_fiber();
}

static void free_thread(struct fiber *fiber)
{
    __tsan_destroy_fiber(fiber->thread);
}

static void be_thread(void *thread)
{
    __tsan_switch_to_fiber(thread, 0);
}
#else
static void make_thread(struct fiber *fiber)
{
}

static void free_thread(struct fiber *fiber)
{
}

static void be_thread(void *thread)
{
}
#endif

/* ---- switching ---- */

static void enter(struct fiber *fiber)
{
    leave(&fiber->shadow_back, fiber->stack, FIBER_STACK);
    be_thread(fiber->thread);
    REQUIRE(swapcontext(&fiber->back, &fiber->self) == 0);
    arrive(fiber->shadow_back, NULL, NULL);
}

/* If the fiber ends for good, the sanitizer may forget what it kept. */
static void exit_from(struct fiber *fiber, bool for_good)
{
    leave(for_good ? NULL : &fiber->shadow, fiber->stack_back, fiber->stack_back_size);
    be_thread(fiber->thread_back);
    REQUIRE(swapcontext(&fiber->self, &fiber->back) == 0);
    arrive(fiber->shadow, &fiber->stack_back, &fiber->stack_back_size);
}

/* makecontext passes ints. */
static void body(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)((uintptr_t)high << 32 | low);
    arrive(NULL, &fiber->stack_back, &fiber->stack_back_size);
    fiber->run(fiber->data);
    fiber->over = true;
    exit_from(fiber, true);
}

void fiber_begin(struct fiber *fiber, void (*run)(void *data), void *data)
{
    uintptr_t address = (uintptr_t)fiber;
    *fiber = (struct fiber){ .run = run, .data = data, .stack = allocate(FIBER_STACK) };
    make_thread(fiber);
    REQUIRE(getcontext(&fiber->self) == 0);
    fiber->self.uc_stack.ss_sp = fiber->stack;
    fiber->self.uc_stack.ss_size = FIBER_STACK;
    makecontext(&fiber->self, (void (*)(void))body, 2, (unsigned)(address >> 32), (unsigned)address);
    enter(fiber);
}

void fiber_stop(struct fiber *fiber)
{
    exit_from(fiber, false);
}

void fiber_go_on(struct fiber *fiber)
{
    enter(fiber);
}

void fiber_end(struct fiber *fiber)
{
    REQUIRE(fiber->over);
    free_thread(fiber);
    free(fiber->stack);
    memset(fiber, 0, sizeof *fiber);
}
