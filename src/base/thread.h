/* Threads that the library starts. */
#ifndef PINION_BASE_THREAD_H
#define PINION_BASE_THREAD_H

#include <pthread.h>

/* Start a thread that blocks all signals, because they belong to the program. PINION_ENOMEM. */
int pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data);

#endif
