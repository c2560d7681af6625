#include "endpoint/signals.h"
#include <errno.h>
#include <pinion/error.h>
#include <pthread.h>
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
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of installing and restoring */
static atomic_int received;

/* A supervisor passes on what it got. The terminal, or systemd, may have sent the same signal to this process
 * as well, and that makes no second one. */
static bool passed_on(const siginfo_t *info)
{
    return info->si_code == SI_QUEUE && info->si_value.sival_int == PINION_SIGNAL_PASSED_ON &&
           info->si_pid == getppid();
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int error = errno;
    if (!passed_on(info) && atomic_fetch_add(&received, 1) > 0)
        _exit(128 + number);
    for (int i = 0; i < RECEIVERS_MAX; i++) {
        void (*fn)(void *) = atomic_load(&receivers[i].fn);
        if (fn)
            fn(atomic_load(&receivers[i].context));
    }
    errno = error;
}

static struct receiver *free_receiver(void)
{
    for (int i = 0; i < RECEIVERS_MAX; i++) {
        if (!atomic_load(&receivers[i].fn))
            return &receivers[i];
    }
    return NULL;
}

int pinion__signals_install(struct pinion_signals *saved, void (*fn)(void *), void *context)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigemptyset(&action.sa_mask);

    pthread_mutex_lock(&lock);
    struct receiver *receiver = free_receiver();
    if (receiver) {
        atomic_store(&received, 0);
        atomic_store(&receiver->context, context);
        atomic_store(&receiver->fn, fn);
        sigaction(SIGTERM, &action, &saved->term);
        sigaction(SIGINT, &action, &saved->interrupt);
    }
    pthread_mutex_unlock(&lock);
    return receiver ? 0 : PINION_EBUSY;
}

void pinion__signals_restore(const struct pinion_signals *saved, void *context)
{
    pthread_mutex_lock(&lock);
    sigaction(SIGTERM, &saved->term, NULL);
    sigaction(SIGINT, &saved->interrupt, NULL);
    for (int i = 0; i < RECEIVERS_MAX; i++) {
        if (atomic_load(&receivers[i].context) == context) {
            atomic_store(&receivers[i].fn, NULL);
            atomic_store(&receivers[i].context, NULL);
        }
    }
    pthread_mutex_unlock(&lock);
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
