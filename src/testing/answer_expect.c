/* The test kit's expectations of the answers to its requests over HTTP. */
#include "proto/payload.h"
#include "testing/answer.h"
#include "testing/message.h"
#include <stdio.h>

/* ---- waiting ---- */

static bool is_decided(void *context)
{
    const struct pinion_test_answer *answer = context;
    return answer->whole || !answer->client.conn || answer->client.ended;
}

/* What was expected, for the sentence of a failure. */
struct expected {
    const struct pinion_test_answer *answer;
    const char *what;  /* "status 200" */
    const char *value; /* NULL: none */
};

static void write_missed(FILE *out, const void *what)
{
    const struct expected *missed = what;
    const struct pinion_test_answer *answer = missed->answer;
    fprintf(out, "expected %s%s%s of ", missed->what, missed->value ? " " : "",
            missed->value ? missed->value : "");
    pinion__test_write_asked(out, answer);
    if (answer->given_up)
        fputs("; but the client gave up", out);
    else if (!answer->whole && answer->client.starved)
        fputs("; but there is no memory for the answer", out);
    else if (!answer->whole && is_decided((void *)answer))
        fputs("; but the server closed the connection", out);
    fputs("; got:", out);
    pinion__test_write_answer(out, answer);
}

static int fail(int code, const struct expected *missed)
{
    return pinion__test_fail_with(missed->answer->test, code, write_missed, missed);
}

/* Wait for the answer. Its errors come with their sentence. */
static int await(pinion_test_answer *answer, const struct expected *expected)
{
    (void)pinion__test_await(answer->test, is_decided, answer);
    if (answer->whole)
        return 0;
    return fail(answer->client.starved       ? PINION_ENOMEM
                : is_decided((void *)answer) ? PINION_ECLOSED
                                             : PINION_ETIMEDOUT,
                expected);
}

/* ---- expectations ---- */

int pinion_test_expect_status(pinion_test_answer *answer, int status)
{
    char what[32];
    const struct expected expected = { .answer = answer, .what = what };
    PINION_NEED_ANSWER(answer, return PINION_EINVAL);
    snprintf(what, sizeof what, "status %d", status);
    int rc = await(answer, &expected);
    return rc || answer->status == status ? rc : fail(PINION_EPROTO, &expected);
}

static bool has_header(const struct pinion_test_answer *answer, const char *name, const char *value)
{
    const char *found, *line = NULL;
    while ((line = pinion__test_answer_line(answer, name, line, &found)) != NULL) {
        if (!value || strcmp(found, value) == 0)
            return true;
    }
    return false;
}

static int expect_header(pinion_test_answer *answer, const char *name, const char *value)
{
    char what[100];
    const struct expected expected = { .answer = answer, .what = what, .value = value };
    snprintf(what, sizeof what, "header %s%s", name, value ? ":" : "");
    int rc = await(answer, &expected);
    return rc || has_header(answer, name, value) ? rc : fail(PINION_EPROTO, &expected);
}

int pinion_test_expect_header(pinion_test_answer *answer, const char *name, const char *value)
{
    PINION_NEED_ANSWER(answer, return PINION_EINVAL);
    PINION_NEEDED(name);
    return expect_header(answer, name, value);
}

static int expect_body(pinion_test_answer *answer, const char *text)
{
    const struct expected expected = { .answer = answer, .what = "body", .value = text };
    size_t length;
    int rc = await(answer, &expected);
    if (rc)
        return rc;
    const char *body = pinion_test_answer_body(answer, &length);
    bool same = length == strlen(text) && memcmp(body, text, length) == 0;
    return same ? 0 : fail(PINION_EPROTO, &expected);
}

int pinion_test_expect_body(pinion_test_answer *answer, const char *text)
{
    PINION_NEED_ANSWER(answer, return PINION_EINVAL);
    PINION_NEEDED(text);
    return expect_body(answer, text);
}

/* The body as JSON becomes what was met. False: it is not JSON, or another one. */
static bool meet(pinion_test_answer *answer, const json_t *pattern)
{
    size_t length;
    const char *body = pinion_test_answer_body(answer, &length);
    pinion_payload *payload = pinion_payload_text(body, length);
    const json_t *value =
        pinion_payload_kind(payload) == PINION_PAYLOAD_JSON ? pinion_payload_tree(payload) : NULL;
    bool met = value && (!pattern || pinion__test_matches(pattern, value));
    if (met)
        pinion__test_met(answer->test, payload);
    else
        pinion_payload_unref(payload);
    return met;
}

static int expect_json(pinion_test_answer *answer, const char *text)
{
    const struct expected expected = { .answer = answer, .what = "JSON", .value = text };
    json_t *pattern = NULL;
    int rc = pinion__test_pattern(text, &pattern);
    if (!rc)
        rc = await(answer, &expected);
    if (!rc && !meet(answer, pattern))
        rc = fail(PINION_EPROTO, &expected);
    json_decref(pattern);
    return rc;
}

int pinion_test_expect_json(pinion_test_answer *answer, const char *pattern)
{
    PINION_NEED_ANSWER(answer, return PINION_EINVAL);
    PINION_RETURN(expect_json(answer, pattern));
}

static void write_unwanted(FILE *out, const void *what)
{
    fputs("expected no answer of ", out);
    pinion__test_write_asked(out, what);
    fputs("; got:", out);
    pinion__test_write_answer(out, what);
}

int pinion_test_refute_answer(pinion_test_answer *answer)
{
    PINION_NEED_ANSWER(answer, return PINION_EINVAL);
    pinion_test_run(answer->test);
    if (answer->status == 0)
        return 0;
    return pinion__test_fail_with(answer->test, PINION_EBUSY, write_unwanted, answer);
}
