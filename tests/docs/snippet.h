/* What the tests of the guide's snippets share. The snippets themselves stand in the files here as they stand
 * in README.md and docs/, which tools/check-snippets compares; below them are tests that they do what is said
 * there. */
#ifndef TESTS_DOCS_SNIPPET_H
#define TESTS_DOCS_SNIPPET_H

#include "helpers/engine.h"

/* A client that has joined this topic. Consumes params. */
static inline pinion_test_client *joined(const pinion_socket_def *socket, const char *topic,
                                         pinion_payload *params)
{
    pinion_test_client *client = connected(socket);
    ok(pinion_test_join(client, topic, params));
    return client;
}

/* A push, and its reply. Consumes payload. */
static inline void expect_answer(pinion_test_client *client, const char *topic, const char *event,
                                 pinion_payload *payload, const char *status, const char *pattern)
{
    int ref = pinion_test_push(client, topic, event, payload);
    ok(pinion_test_expect_reply(client, ref, status, pattern));
}

/* A join that is refused, and why. Consumes params. */
static inline void expect_refusal(pinion_test_client *client, const char *topic, pinion_payload *params,
                                  const char *reason)
{
    assert_int_equal(pinion_test_join(client, topic, params), PINION_EACCES);
    assert_string_equal(json_string_value(json_object_get(pinion_test_value(test), "reason")), reason);
}

#endif
