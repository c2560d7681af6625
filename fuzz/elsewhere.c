#include "elsewhere.h"
#include "fuzz.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

typedef void step_fn(void *data);

/* Except `go` and elsewhere_take_back, all loads are relaxed, which orders nothing. */
static struct {
    sem_t go; /* publishes what was done before it */
    step_fn *_Atomic step;
    void *_Atomic data; /* for the step */
    atomic_uint done;
    unsigned begun;
} other;

static _Thread_local bool here;

static void *run_steps(void *unused)
{
    here = true;
    for (;;) {
        while (sem_wait(&other.go) != 0)
            continue;
        void *data = atomic_load_explicit(&other.data, memory_order_relaxed);
        atomic_load_explicit(&other.step, memory_order_relaxed)(data);
        free(data);
        atomic_fetch_add_explicit(&other.done, 1, memory_order_release);
    }
    return NULL;
}

static void start(void)
{
    pthread_t thread;
    REQUIRE(sem_init(&other.go, 0, 0) == 0);
    REQUIRE(pthread_create(&thread, NULL, run_steps, NULL) == 0);
    pthread_detach(thread);
}

void elsewhere(void (*step)(void *data), const void *data, size_t size)
{
    void *copy = allocate(size);
    memcpy(copy, data, size);
    if (here) {
        step(copy);
        free(copy);
        return;
    }
    if (other.begun++ == 0)
        start();
    atomic_store_explicit(&other.step, step, memory_order_relaxed);
    atomic_store_explicit(&other.data, copy, memory_order_relaxed);
    sem_post(&other.go);
    while (atomic_load_explicit(&other.done, memory_order_relaxed) != other.begun)
        sched_yield();
}

void elsewhere_take_back(void)
{
    (void)atomic_load_explicit(&other.done, memory_order_acquire);
}

bool is_elsewhere(void)
{
    return here;
}
