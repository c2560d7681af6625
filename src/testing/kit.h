/* What the files of the test kit share. */
#ifndef PINION_TESTING_KIT_H
#define PINION_TESTING_KIT_H

#include "base/lock.h"
#include "base/misuse.h"
#include "testing/failure.h"
#include "testing/loopback.h"
#include <pinion/testing.h>
#include <pthread.h>

struct pinion_test_message;
struct pinion_wire;

struct pinion_test_client {
    struct pinion_list node;
    pinion_test *test;
    struct pinion_mount mount;
    struct pinion_loopback connection;
    struct pinion_list joined; /* joined topics, with their join_refs */
    bool v1;                   /* it speaks version 1.0.0 of the protocol */
    int next_ref;
    int *channel_of; /* for each ref that was sent: the join_ref it went with. At a join_ref: negative once
                        the client was sent the phx_error of that channel */
    size_t channel_of_room;
    struct pinion_frame *taken; /* the last frame of pinion_test_next_frame */
};

struct pinion_test {
    pinion_endpoint *endpoint;
    struct pinion_scheduler *scheduler;
    struct pinion_shard *shard;
    uint64_t now; /* the test's clock, in ms */
    size_t runs;
    uint32_t patience_ms;
    struct pinion_lock lock;
    pthread_cond_t woken;
    bool posted; /* under lock: something was posted since the last wait */
    struct pinion_list clients;
    struct pinion_list answers; /* of requests over HTTP */
    struct pinion_wire *wire;   /* that they go over; NULL: there was none yet */
    struct pinion_list broadcasts;
    struct pinion_list subscriptions;
    pinion_payload *met;               /* what the last expectation met */
    struct pinion_test_asking *asking; /* what clients send when they connect; NULL: nothing */
    char *failure;                     /* the sentence of the last failure; NULL: there was none */
};

/* For public functions: there is a test, it belongs to this thread, and none of its callbacks is running. */
#define PINION_NEED_TEST(test, otherwise)                                                                    \
    PINION_NEED(test, otherwise);                                                                            \
    PINION_NEED_TEST_HERE(test, otherwise)

/* The same for a client. */
#define PINION_NEED_CLIENT(client, otherwise)                                                                \
    PINION_NEED(client, otherwise);                                                                          \
    PINION_NEED_TEST_HERE((client)->test, otherwise)

#define PINION_NEED_TEST_HERE(test, otherwise)                                                               \
    PINION_RULE(pinion__scheduler_on_thread((test)->scheduler), otherwise,                                   \
                "called on another thread than pinion_test_new");                                            \
    PINION_RULE(!(test)->shard->callback, otherwise, "called in a callback of the test")

/* Run until met(context) is true. False: it was not, and the patience is over. */
bool pinion__test_await(pinion_test *test, bool (*met)(void *context), void *context);

/* Keep this payload as what the last expectation met. Consumes payload. */
void pinion__test_met(pinion_test *test, pinion_payload *payload);

/* Send a message. Returns its ref (> 0), or an error with its sentence. Consumes payload. */
int pinion__test_send(pinion_test_client *client, const char *topic, const char *event, bool join,
                      pinion_payload *payload);

/* From now on messages on the topic carry this join_ref. PINION_ENOMEM. */
int pinion__test_joined(pinion_test_client *client, const char *topic, int join_ref);

/* The client was sent this message. A phx_error is remembered. */
void pinion__test_saw(pinion_test_client *client, const struct pinion_test_message *message);

/* True when the client was sent the phx_error of the channel that the message with this ref went to. */
bool pinion__test_has_crashed(const pinion_test_client *client, int ref);

/* What an expectation did not meet, for its sentence. What is not there is NULL. */
struct pinion_test_missed {
    pinion_test *test;
    const char *what; /* "a push" */
    const char *name; /* the event, or the status */
    const char *pattern;
    const char *of; /* " on " a topic, or " to message " a ref */
    const char *which;
    const char *why;               /* ", but the socket is closed" */
    pinion_test_writer *write_got; /* set by pinion__test_fail */
    const void *got;
};

/* Fail with the sentence "expected ...; got:" and what was got instead, which write_got(out, got) writes.
 * Returns code. */
int pinion__test_fail(int code, const struct pinion_test_missed *missed, pinion_test_writer *write_got,
                      const void *got);

/* Have the client connect with these parameters, and with what pinion_test_request has set. Errors: those of
 * pinion__loopback_connect; PINION_EACCES: also for its origin. */
int pinion__test_ask(pinion_test_client *client, const pinion_payload *params, const char *query);

void pinion__test_asking_free(struct pinion_test_asking *asking);

/* Free a client that has disconnected. */
void pinion__test_client_free(pinion_test_client *client);

/* What the test does with its requests over HTTP: check their server, in builds with checks; end their
 * connections; ask whether all of it is over; and free them then. */
void pinion__test_http_check(const pinion_test *test);
void pinion__test_http_end(pinion_test *test);
bool pinion__test_http_over(const pinion_test *test);
void pinion__test_http_free(pinion_test *test);

/* End the test's subscriptions, and drop the broadcasts that came. */
void pinion__test_broadcasts_end(pinion_test *test);

#endif
