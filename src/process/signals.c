#include "process/signals.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/log_writer.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define RECEIVERS_MAX 16

struct receiver {
    void (*_Atomic fn)(void *);
    void *_Atomic context;
};

static struct receiver receivers[RECEIVERS_MAX];
static atomic_int received;
static atomic_int running; /* handlers that are running, on any thread */

static struct pinion_lock lock = PINION_LOCK(SIGNALS); /* of everything below */
static unsigned installed;
static struct sigaction term_before, interrupt_before; /* those of the program */

/* True for a signal that a supervisor has passed on. The terminal, or systemd, may have sent the same signal
 * to this process as well, so it does not count as a second one. */
static bool passed_on(const siginfo_t *info)
{
    return info->si_code == SI_QUEUE && info->si_value.sival_int == PINION_SIGNAL_PASSED_ON &&
           info->si_pid == getppid();
}

static bool tell_all(void)
{
    bool told = false;
    for (int i = 0; i < RECEIVERS_MAX; i++) {
        void (*fn)(void *) = atomic_load(&receivers[i].fn);
        if (fn)
            fn(atomic_load(&receivers[i].context));
        told = told || fn;
    }
    return told;
}

/* There is no receiver: the last endpoint has just ended, or the program had saved our handler and restored
 * it later. The signal counts as one that comes now, after this handler has returned. */
static void hand_over(int number)
{
    sigaction(number, number == SIGTERM ? &term_before : &interrupt_before, NULL);
    raise(number);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int error = errno;
    atomic_fetch_add(&running, 1);
    if (!passed_on(info) && atomic_fetch_add(&received, 1) > 0) {
        pinion__log_flush();
        _exit(128 + number);
    }
    if (!tell_all())
        hand_over(number);
    atomic_fetch_sub(&running, 1);
    errno = error;
}

static struct receiver *find(const void *context)
{
    for (int i = 0; i < RECEIVERS_MAX; i++) {
        if (atomic_load(&receivers[i].context) == context)
            return &receivers[i];
    }
    return NULL;
}

static bool is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_signal;
}

/* If our handler is installed already, *before stays unchanged. */
static void put_ours(int number, struct sigaction *before)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, &action, &old) == 0 && !is_ours(&old))
        *before = old;
}

static void put_back(int number, const struct sigaction *before)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && is_ours(&now))
        sigaction(number, before, NULL);
}

int pinion__signals_install(void (*fn)(void *), void *context)
{
    pinion__lock(&lock);
    struct receiver *receiver = find(NULL);
    if (receiver) {
        atomic_store(&received, 0);
        atomic_store(&receiver->context, context);
        atomic_store(&receiver->fn, fn);
        if (installed++ == 0) {
            put_ours(SIGTERM, &term_before);
            put_ours(SIGINT, &interrupt_before);
        }
    }
    pinion__unlock(&lock);
    return receiver ? 0
                    : pinion__fail(PINION_EBUSY,
                                   "%d endpoints run already, as many as can be told of "
                                   "signals; pinion_endpoint_start needs none",
                                   RECEIVERS_MAX);
}

/* A handler that has begun earlier may still call it. */
static void remove_receiver(struct receiver *receiver)
{
    atomic_store(&receiver->fn, NULL);
    while (atomic_load(&running) > 0)
        sched_yield();
    atomic_store(&receiver->context, NULL);
}

/* Our handlers are removed first, so that none runs without a receiver. */
void pinion__signals_remove(void *context)
{
    pinion__lock(&lock);
    struct receiver *receiver = find(context);
    if (receiver && --installed == 0) {
        put_back(SIGTERM, &term_before);
        put_back(SIGINT, &interrupt_before);
    }
    if (receiver)
        remove_receiver(receiver);
    pinion__unlock(&lock);
}

void pinion__signals_block(sigset_t *saved)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, saved);
}

void pinion__signals_unblock(const sigset_t *saved)
{
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}
