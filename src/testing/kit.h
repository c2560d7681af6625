/* What the files of the test kit share. */
#ifndef PINION_TESTING_KIT_H
#define PINION_TESTING_KIT_H

#include "base/lock.h"
#include "base/misuse.h"
#include "testing/loopback.h"
#include <pinion/testing.h>
#include <pthread.h>

struct pinion_test_client {
    struct pinion_list node;
    pinion_test *test;
    struct pinion_mount mount;
    struct pinion_loopback connection;
    struct pinion_list joined; /* topics, with their join_refs */
    bool v1;
    int next_ref;
    struct pinion_frame *taken; /* by pinion_test_next_frame */
};

struct pinion_test {
    pinion_endpoint *endpoint;
    struct pinion_scheduler *scheduler;
    struct pinion_shard *shard;
    uint64_t now;
    size_t runs;
    uint32_t patience_ms;
    struct pinion_lock lock;
    pthread_cond_t woken;
    bool posted; /* under lock: something came since the last turn */
    struct pinion_list clients;
    struct pinion_list broadcasts;
    struct pinion_list subscriptions;
    pinion_payload *met; /* what the last expectation met */
};

/* In a public function: there is a test, it is this thread's, and no callback of its is running, which none
 * of these could wait for. */
#define PINION_NEED_TEST(test, otherwise)                                                                    \
    PINION_NEED(test, otherwise);                                                                            \
    PINION_NEED_TEST_HERE(test, otherwise)

/* The same of a client's. */
#define PINION_NEED_CLIENT(client, otherwise)                                                                \
    PINION_NEED(client, otherwise);                                                                          \
    PINION_NEED_TEST_HERE((client)->test, otherwise)

#define PINION_NEED_TEST_HERE(test, otherwise)                                                               \
    PINION_RULE(pinion__scheduler_on_thread((test)->scheduler), otherwise,                                   \
                "called on another thread than pinion_test_new");                                            \
    PINION_RULE(!(test)->shard->callback, otherwise, "called in a callback of the test's")

/* Run until met(context), or the patience is at its end: false. */
bool pinion__test_await(pinion_test *test, bool (*met)(void *context), void *context);

/* What the last expectation met is this now. Consumes payload. */
void pinion__test_met(pinion_test *test, pinion_payload *payload);

/* Send a message with a new ref, which is returned; errors with their sentence. Consumes payload. */
int pinion__test_send(pinion_test_client *client, const char *topic, const char *event, bool join,
                      pinion_payload *payload);

/* From now on messages on the topic carry this join_ref. PINION_ENOMEM. */
int pinion__test_joined(pinion_test_client *client, const char *topic, int join_ref);

/* Free a client that has disconnected. */
void pinion__test_client_free(pinion_test_client *client);

/* End the test's subscriptions, and forget what came. */
void pinion__test_broadcasts_end(pinion_test *test);

#endif
