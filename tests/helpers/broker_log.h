/* What the log says while brokers refuse and go, for tests that wait for it. The lock and the condition are
 * also for what else such a test is told on other threads. */
#ifndef TESTS_HELPERS_BROKER_LOG_H
#define TESTS_HELPERS_BROKER_LOG_H

#include "helpers/broker.h"
#include <pinion/log.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static char logged[16384];
static size_t logged_len;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static inline void keep_line(pinion_log_level level, const char *line, void *data)
{
    pthread_mutex_lock(&lock);
    int n = snprintf(logged + logged_len, sizeof logged - logged_len, "%s\n", line);
    if (n > 0 && (size_t)n < sizeof logged - logged_len)
        logged_len += (size_t)n;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static inline void keep_log(void)
{
    logged_len = 0;
    logged[0] = '\0';
    pinion_log_set_level(PINION_LOG_INFO);
    pinion_log_set_function(keep_line, NULL);
}

static inline struct timespec in_patience(void)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &deadline); /* a test may have replaced the precise one */
    deadline.tv_sec += BROKER_PATIENCE_MS / 1000;
    return deadline;
}

static inline void await_logged(const char *words)
{
    struct timespec deadline = in_patience();
    int rc = 0;
    pthread_mutex_lock(&lock);
    while (!strstr(logged, words) && rc == 0)
        rc = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&lock);
    if (rc)
        fail_msg("waited for \"%s\" in:\n%s", words, logged);
}

static inline unsigned count_logged(const char *words)
{
    unsigned count = 0;
    pthread_mutex_lock(&lock);
    for (const char *at = logged; (at = strstr(at, words)); at++)
        count++;
    pthread_mutex_unlock(&lock);
    return count;
}

#endif
