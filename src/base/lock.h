/* Locks, and the order in which they are taken. A thread that holds a lock may take only locks that come
 * later in the table below. So two threads can never wait for each other.
 *
 * In builds with checks (base/check.h), a lock knows its rank and a thread knows the locks it holds. The
 * program ends when a lock is taken out of order or while another one of its rank is held, even if no other
 * thread is there. It also ends when a thread waits for a condition or calls the application while it holds
 * another lock. In other builds, a lock is a mutex and nothing else. */
#ifndef PINION_BASE_LOCK_H
#define PINION_BASE_LOCK_H

#include <pthread.h>
#include <time.h>

/* The outermost first. The texts name the locks in the messages of lock.c. */
#define PINION_LOCK_RANKS(RANK)                                                                              \
    RANK(STARTING, "steps of an endpoint that starts")                                                       \
    RANK(SIGNALS, "receivers of signals")                                                                    \
    RANK(INHERITED, "sockets that were inherited")                                                           \
    RANK(HEARTBEATS, "heartbeats of loops")                                                                  \
    RANK(PROBE, "whether io_uring works")                                                                    \
    RANK(ROOM, "room for a loop's descriptors")                                                              \
    RANK(EARS, "where errors of NATS are told")                                                              \
    RANK(EAR, "an error of NATS, while it is told")                                                          \
    RANK(RECEIVING, "messages of a broker, handed over one by one")                                          \
    RANK(PRESENCE, "a shard of presences")                                                                   \
    RANK(REMOTE, "what is known of other nodes")                                                             \
    RANK(SEATS, "seats of long polling")                                                                     \
    RANK(VISITORS, "connections of each address")                                                            \
    RANK(INTEREST, "a stripe of the interest table")                                                         \
    RANK(PEERS, "a broker's other nodes")                                                                    \
    RANK(LINK, "the state of a connection to NATS")                                                          \
    RANK(REFUSING, "what a broker does not allow")                                                           \
    RANK(CLUSTER, "a cluster in one process")                                                                \
    RANK(OUTGOING, "what a broker's thread has to do")                                                       \
    RANK(CONNECTING, "a connection to NATS that is being made")                                              \
    RANK(KEYS, "keys made of secrets")                                                                       \
    RANK(WORKERS, "work off the loop")                                                                       \
    RANK(ACTORS, "names of actors")                                                                          \
    RANK(INSTRUMENTS, "counters and gauges of the application")                                              \
    RANK(TIMERS, "timers of an endpoint")                                                                    \
    RANK(TEST, "whether something was posted to the test kit")                                               \
    RANK(MAILBOX, "a loop's mailbox")                                                                        \
    RANK(LOG_LIMIT, "lines that are held back")                                                              \
    RANK(LOG, "the ring of log lines")

enum pinion_lock_rank {
#define PINION_RANK_OF(name, what) PINION_RANK_##name,
    PINION_LOCK_RANKS(PINION_RANK_OF)
#undef PINION_RANK_OF
};

struct pinion_lock {
    pthread_mutex_t mutex;
#ifdef PINION_CHECKS
    enum pinion_lock_rank rank;
#endif
};

#ifdef PINION_CHECKS
#define PINION_LOCK(name)                                                                                    \
    {                                                                                                        \
        PTHREAD_MUTEX_INITIALIZER, PINION_RANK_##name                                                        \
    }
void pinion__lock_order(const struct pinion_lock *lock);    /* it is about to be taken */
void pinion__lock_released(const struct pinion_lock *lock); /* it is about to be given back */
void pinion__lock_waits(const struct pinion_lock *lock);    /* this thread holds no other lock */
void pinion__lock_none(void);                               /* this thread holds no lock */
#else
#define PINION_LOCK(name)                                                                                    \
    {                                                                                                        \
        PTHREAD_MUTEX_INITIALIZER                                                                            \
    }
static inline void pinion__lock_order(const struct pinion_lock *lock)
{
}

static inline void pinion__lock_released(const struct pinion_lock *lock)
{
}

static inline void pinion__lock_waits(const struct pinion_lock *lock)
{
}

static inline void pinion__lock_none(void)
{
}
#endif

/* Returns 0, or the error of pthread_mutex_init. */
static inline int pinion__lock_init(struct pinion_lock *lock, enum pinion_lock_rank rank)
{
#ifdef PINION_CHECKS
    lock->rank = rank;
#endif
    return pthread_mutex_init(&lock->mutex, NULL);
}

static inline void pinion__lock_destroy(struct pinion_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

static inline void pinion__lock(struct pinion_lock *lock)
{
    pinion__lock_order(lock);
    pthread_mutex_lock(&lock->mutex);
}

static inline void pinion__unlock(struct pinion_lock *lock)
{
    pinion__lock_released(lock);
    pthread_mutex_unlock(&lock->mutex);
}

/* A condition for pinion__lock_wait_until: its deadlines are on the clock that is never set back. Returns 0,
 * or the error of pthread_cond_init. */
static inline int pinion__condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return rc;
}

/* As pthread_cond_wait, or with a deadline pthread_cond_timedwait. */
static inline void pinion__lock_wait(struct pinion_lock *lock, pthread_cond_t *condition)
{
    pinion__lock_waits(lock);
    pthread_cond_wait(condition, &lock->mutex);
}

static inline int pinion__lock_wait_until(struct pinion_lock *lock, pthread_cond_t *condition,
                                          const struct timespec *deadline)
{
    pinion__lock_waits(lock);
    return pthread_cond_timedwait(condition, &lock->mutex, deadline);
}

#endif
