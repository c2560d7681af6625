#include "base/thread.h"
#include <pinion/error.h>
#include <signal.h>

int pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data)
{
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    int rc = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return rc ? PINION_ENOMEM : 0;
}
