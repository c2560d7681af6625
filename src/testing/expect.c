/* The test kit's expectations of what a client is sent, and joining and leaving, which wait for an answer. */
#include "engine/socket_extra.h"
#include "proto/payload.h"
#include "testing/kit.h"
#include "testing/message.h"
#include <stdio.h>

struct expectation {
    pinion_test_client *client;
    const char *topic;
    const char *event;  /* NULL: any, but not a reply */
    int ref;            /* expect the reply to this ref; 0: expect no reply */
    const char *status; /* of the reply; NULL: any */
    json_t *pattern;    /* NULL: any payload */
    bool accepted;      /* the message that was met is a reply with status ok */
    bool taken;         /* there is such a message */
    bool answered;      /* the ref has another reply than the one that is expected */
    struct pinion_test_message met;
};

static bool is_its_reply(const struct expectation *expected, const struct pinion_test_message *message)
{
    char ref[16];
    snprintf(ref, sizeof ref, "%d", expected->ref);
    return message->status && message->ref && strcmp(message->ref, ref) == 0;
}

static bool is_expected(const struct expectation *expected, const struct pinion_test_message *message)
{
    bool reply = message->status != NULL;
    if (reply != (expected->ref != 0))
        return false;
    if (reply && !is_its_reply(expected, message))
        return false;
    if (reply && expected->status && strcmp(expected->status, message->status) != 0)
        return false;
    if (expected->topic && strcmp(expected->topic, message->topic) != 0)
        return false;
    if (!reply && expected->event && strcmp(expected->event, message->event) != 0)
        return false;
    return !expected->pattern || pinion__test_matches(expected->pattern, message->value);
}

/* Take the first frame that is expected. Its parts are then in expected->met. */
static bool take_expected(void *context)
{
    struct expectation *expected = context;
    PINION_LIST_FOREACH_SAFE (node, &expected->client->connection.sent) {
        struct pinion_loopback_frame *own = PINION_CONTAINER_OF(node, struct pinion_loopback_frame, node);
        struct pinion_test_message message;
        if (pinion__test_decode(own->frame, &message) != 0)
            continue;
        pinion__test_saw(expected->client, &message);
        if (is_expected(expected, &message)) {
            expected->met = message;
            expected->accepted = message.status && strcmp(message.status, "ok") == 0;
            pinion__loopback_frame_free(own);
            return true;
        }
        expected->answered = expected->answered || is_its_reply(expected, &message);
        pinion__test_message_release(&message);
    }
    return false;
}

/* Somebody holds a ref to the client's socket, or what was done with one has not come to the loop yet. */
static bool has_refs(const struct pinion_loopback *connection)
{
    const struct pinion_anchor *anchor = pinion__socket_anchor_if_any(connection->socket);
    return anchor && atomic_load_explicit(&anchor->refs, memory_order_acquire) > 1;
}

/* After its phx_error a channel answers no message, but who holds a ref still may. A message that is held
 * back has not come to the channel: it is answered by the socket. */
static bool lost_its_channel(const struct expectation *expected)
{
    const pinion_test_client *client = expected->client;
    return expected->ref && pinion__test_has_crashed(client, expected->ref) &&
           pinion__list_empty(&client->connection.held) && !has_refs(&client->connection);
}

/* Take what is expected, or find out that it cannot come any more. */
static bool is_decided(void *context)
{
    struct expectation *expected = context;
    expected->answered = false;
    expected->taken = take_expected(expected);
    return expected->taken || expected->answered || expected->client->connection.closed ||
           lost_its_channel(expected);
}

static void keep_met(pinion_test *test, struct pinion_test_message *message)
{
    pinion__test_met(test, message->payload);
    message->payload = NULL;
    pinion__test_message_release(message);
}

/* What the client has been sent. */
static void write_sent(FILE *out, const void *what)
{
    const pinion_test_client *client = what;
    if (pinion__list_empty(&client->connection.sent))
        fputs(" nothing", out);
    PINION_LIST_FOREACH (node, &client->connection.sent) {
        fputc(' ', out);
        pinion__test_write_frame(out, PINION_CONTAINER_OF(node, struct pinion_loopback_frame, node)->frame);
    }
}

static void write_missed(FILE *out, const void *what)
{
    const struct pinion_test_missed *missed = what;
    fprintf(out, "expected %s%s%s%s%s%s%s%s; got:", missed->what, missed->name ? " " : "",
            missed->name ? missed->name : "", missed->pattern ? " " : "",
            missed->pattern ? missed->pattern : "", missed->which ? missed->of : "",
            missed->which ? missed->which : "", missed->why ? missed->why : "");
    missed->write_got(out, missed->got);
}

int pinion__test_fail(int code, const struct pinion_test_missed *missed, pinion_test_writer *write_got,
                      const void *got)
{
    struct pinion_test_missed whole = *missed;
    whole.write_got = write_got;
    whole.got = got;
    return pinion__test_fail_with(missed->test, code, write_missed, &whole);
}

static int fail(const struct expectation *expected, const char *pattern, const char *what)
{
    char ref[16];
    snprintf(ref, sizeof ref, "%d", expected->ref);
    bool to_message = expected->ref && !expected->topic;
    struct pinion_test_missed missed = {
        .test = expected->client->test,
        .what = what,
        .name = expected->ref ? expected->status : expected->event,
        .pattern = pattern,
        .of = to_message ? " to message " : " on ",
        .which = to_message ? ref : expected->topic,
    };
    int code = PINION_ETIMEDOUT;
    if (expected->answered) {
        code = PINION_EPROTO;
    } else if (expected->client->connection.closed) {
        code = PINION_ECLOSED;
        missed.why = ", but the socket is closed";
    } else if (lost_its_channel(expected)) {
        code = PINION_ECLOSED;
        missed.why = ", but its channel has crashed";
    }
    return pinion__test_fail(code, &missed, write_sent, expected->client);
}

static int expect(struct expectation *expected, const char *pattern, const char *what)
{
    int rc = pinion__test_pattern(pattern, &expected->pattern);
    if (rc)
        return rc;
    (void)pinion__test_await(expected->client->test, is_decided, expected);
    if (expected->taken)
        keep_met(expected->client->test, &expected->met);
    else
        rc = fail(expected, pattern, what);
    json_decref(expected->pattern);
    return rc;
}

int pinion_test_expect_reply(pinion_test_client *client, int ref, const char *status, const char *pattern)
{
    struct expectation expected = { .client = client, .ref = ref, .status = status };
    PINION_NEED_CLIENT(client, return PINION_EINVAL);
    if (ref <= 0)
        return pinion__fail(PINION_EINVAL, "expected a reply to a message that was not sent: %s",
                            pinion_strerror(ref));
    PINION_RETURN(expect(&expected, pattern, "a reply"));
}

int pinion_test_expect_push(pinion_test_client *client, const char *topic, const char *event,
                            const char *pattern)
{
    struct expectation expected = { .client = client, .topic = topic, .event = event };
    PINION_NEED_CLIENT(client, return PINION_EINVAL);
    PINION_RETURN(expect(&expected, pattern, "a push"));
}

static void write_unwanted(FILE *out, const void *what)
{
    const struct pinion_test_message *met = what;
    fprintf(out, "expected no push; got: %s on %s: ", met->event, met->topic);
    pinion__test_write_payload(out, met->payload);
}

int pinion_test_refute_push(pinion_test_client *client, const char *topic, const char *event)
{
    struct expectation expected = { .client = client, .topic = topic, .event = event };
    PINION_NEED_CLIENT(client, return PINION_EINVAL);
    pinion_test_run(client->test);
    if (!take_expected(&expected))
        return 0;
    (void)pinion__test_fail_with(client->test, PINION_EBUSY, write_unwanted, &expected.met);
    keep_met(client->test, &expected.met);
    return PINION_EBUSY;
}

static bool is_closed(void *context)
{
    return ((pinion_test_client *)context)->connection.closed;
}

int pinion_test_expect_close(pinion_test_client *client, int code)
{
    PINION_NEED_CLIENT(client, return PINION_EINVAL);
    if (!pinion__test_await(client->test, is_closed, client))
        return pinion__fail(PINION_ETIMEDOUT, "expected a close with %d; the socket is still open", code);
    if (client->connection.close_code != code)
        return pinion__fail(PINION_EPROTO, "expected a close with %d; the socket was closed with %d", code,
                            client->connection.close_code);
    return 0;
}

/* ---- joining, leaving, pushing ---- */

struct refused_join {
    const char *topic;
    const pinion_payload *reason;
};

static void write_refused(FILE *out, const void *what)
{
    const struct refused_join *refused = what;
    fprintf(out, "the join of %s was refused: ", refused->topic);
    pinion__test_write_payload(out, refused->reason);
}

static int join(pinion_test_client *client, const char *topic, pinion_payload *params)
{
    int ref = pinion__test_send(client, topic, "phx_join", true, params);
    if (ref < 0)
        return ref;
    struct expectation expected = { .client = client, .topic = topic, .ref = ref };
    int rc = expect(&expected, NULL, "the answer to a join");
    if (rc)
        return rc;
    if (expected.accepted)
        return pinion__test_joined(client, topic, ref);
    return pinion__test_fail_with(client->test, PINION_EACCES, write_refused,
                                  &(struct refused_join){ topic, client->test->met });
}

int pinion_test_join(pinion_test_client *client, const char *topic, pinion_payload *params)
{
    PINION_CONSUMES(params);
    PINION_NEED_CLIENT(client, return pinion__payload_lost(params));
    PINION_NEED(topic, return pinion__payload_lost(params));
    PINION_RETURN(join(client, topic, params));
}

int pinion_test_leave(pinion_test_client *client, const char *topic)
{
    PINION_NEED_CLIENT(client, return PINION_EINVAL);
    PINION_NEEDED(topic);
    int ref = pinion__test_send(client, topic, "phx_leave", false, NULL);
    if (ref < 0)
        return ref;
    int rc = pinion_test_expect_reply(client, ref, "ok", NULL);
    return rc ? rc : pinion_test_expect_push(client, topic, "phx_close", NULL);
}
