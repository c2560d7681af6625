/* Requests over HTTP, by the test kit: each on a connection of its own. */
#include "conformance.h"
#include "vectors/steps.h"
#include <stdio.h>
#include <stdlib.h>

#define HEADERS_MAX 80

static void fail_at(const json_t *request, const char *what, const char *got)
{
    char *text = json_dumps(request, 0);
    fail_msg("%s: %s\nat %.600s", what, got ? got : "nothing", text);
}

/* A request needs a wire where its bytes are given, or the client waits for what to send. */
static void check_request(const json_t *request)
{
    static const char *const unknown[] = { "text", "version", "upgrade" };
    const json_t *expected = json_object_get(request, "expect");
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        if (json_object_get(request, unknown[i]))
            fail_at(request, "this runner does not know", unknown[i]);
    }
    if (json_object_get(expected, "continue"))
        fail_at(request, "this runner does not know", "continue");
}

/* A header that is null is left out, as the kit does it for those that it does not write. */
static void take_headers(const json_t *request, char *list[HEADERS_MAX])
{
    const char *name;
    json_t *value;
    size_t count = 0;
    json_object_foreach(json_object_get(request, "headers"), name, value)
    {
        assert_true(count < HEADERS_MAX - 1);
        if (json_is_string(value))
            assert_true(asprintf(&list[count++], "%s: %s", name, json_string_value(value)) > 0);
    }
    list[count] = NULL;
}

static pinion_test_answer *ask(pinion_test *test, const json_t *request)
{
    char *list[HEADERS_MAX];
    pinion_test_answer *answer = NULL;
    const json_t *method = json_object_get(request, "method"), *body = json_object_get(request, "body");
    take_headers(request, list);
    const pinion_test_http_options options = { .headers = (const char *const *)list,
                                               .body = json_string_value(body),
                                               .length = json_string_length(body) };
    if (replay_inside)
        replay_inside(true);
    int rc = pinion_test_http(test, method ? json_string_value(method) : "GET",
                              json_string_value(json_object_get(request, "path")), &options, &answer);
    if (!rc)
        rc = pinion_test_expect_status(
            answer, (int)json_integer_value(json_object_get(json_object_get(request, "expect"), "status")));
    if (replay_inside)
        replay_inside(false);
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
    if (rc == PINION_ETIMEDOUT || (rc && !replay_inside))
        fail_at(request, "another answer", pinion_error_detail());
    return rc ? NULL : answer;
}

/* A header begins with the text that is expected, or is absent. */
static void compare_headers(const json_t *request, const pinion_test_answer *answer, const json_t *expected)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)expected, name, value)
    {
        const char *actual = pinion_test_answer_header(answer, name);
        const char *text = json_string_value(value);
        if (text ? !actual || strncmp(actual, text, strlen(text)) != 0 : actual != NULL)
            fail_at(request, name, actual);
    }
}

static void compare(const json_t *request, const pinion_test_answer *answer)
{
    size_t length;
    const char *bytes = pinion_test_answer_body(answer, &length);
    const json_t *expected = json_object_get(request, "expect");
    const json_t *body = json_object_get(expected, "body"), *json = json_object_get(expected, "json"),
                 *closes = json_object_get(expected, "closes");
    compare_headers(request, answer, json_object_get(expected, "headers"));
    if (body && (json_string_length(body) != length || memcmp(json_string_value(body), bytes, length) != 0))
        fail_at(request, "another body", bytes);
    json_t *actual = json_loadb(bytes, length, 0, NULL);
    if (json && !json_equal(json, actual))
        fail_at(request, "another value", bytes);
    json_decref(actual);
    const char *connection = pinion_test_answer_header(answer, "connection");
    if (closes && strcmp(connection, json_is_true(closes) ? "close" : "keep-alive") != 0)
        fail_at(request, "its connection", connection);
}

static void replay_request(pinion_test *test, const json_t *request, bool deaf)
{
    check_request(request);
    const pinion_test_answer *answer = ask(test, request);
    if (!deaf)
        compare(request, answer);
}

/* Without memory the routes may be missing. */
static void mount(pinion_test *test, bool deaf)
{
    if (replay_inside)
        replay_inside(true);
    int rc = conformance_http(pinion_test_endpoint(test));
    if (replay_inside)
        replay_inside(false);
    if (!deaf)
        assert_int_equal(rc, 0);
}

void replay_http(pinion_test *test, bool *mounted, const json_t *requests, bool deaf)
{
    size_t i;
    json_t *request;
    if (!*mounted)
        mount(test, deaf);
    *mounted = true;
    if (json_is_object(requests))
        replay_request(test, requests, deaf);
    json_array_foreach(requests, i, request) replay_request(test, request, deaf);
}
