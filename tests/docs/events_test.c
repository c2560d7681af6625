/* docs/channels.md, "Handling events", with its table of results. */
#include "docs/snippet.h"

/* ---- the snippets ---- */

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_t *body = pinion_payload_get(payload, "body");
    if (!json_is_string(body))
        return pinion_error(pinion_json("{s:s}", "reason", "a message has a body"));
    pinion_broadcast(channel, "new_msg", pinion_json("{s:O}", "body", body));
    return pinion_ok(NULL);
}

static pinion_result bye(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop_reply(PINION_REASON_NORMAL, "ok", NULL);
}

static pinion_result anything_else(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_error(pinion_json("{s:s, s:s}", "reason", "unknown event", "event", event));
}

static const pinion_channel_def room_channel = {
    .handle_in = PINION_CLAUSES({ "new_msg", new_msg }, { "bye", bye }, { "*", anything_else }),
};

/* ---- their tests ---- */

static pinion_result result; /* what the callbacks of the table return */

static pinion_result any(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return result;
}

static pinion_result any_info(pinion_channel *channel, const pinion_info *info)
{
    return result;
}

static pinion_result message_myself(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_send_after(channel, 0, "self", NULL, NULL));
    return pinion_noreply();
}

static void goodbye(pinion_channel *channel, pinion_reason reason)
{
    pinion_push(channel, "goodbye", NULL);
}

static const pinion_channel_def any_channel = {
    .handle_in = PINION_CLAUSES({ "any", any }, { "message_myself", message_myself }),
    .handle_info = any_info,
    .terminate = goodbye,
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }, { "any:*", &any_channel }),
};

static void the_first_clause_that_matches_takes_it(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "rooms:1", NULL);
    send_text(ann, "[\"1\",\"7\",\"rooms:1\",\"new_msg\",{\"body\":\"hi\"}]");
    expect_frame(ann, "[null,null,\"rooms:1\",\"new_msg\",{\"body\":\"hi\"}]"); /* before the reply */
    expect_frame(ann, "[\"1\",\"7\",\"rooms:1\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_answer(ann, "rooms:1", "new_msg", NULL, "error", "{\"reason\":\"a message has a body\"}");
    expect_answer(ann, "rooms:1", "new", NULL, "error", "{\"event\":\"new\"}");
    expect_answer(ann, "rooms:1", "bye", NULL, "ok", "{}");
    ok(pinion_test_expect_push(ann, "rooms:1", "phx_close", NULL));
}

#define REPLY(status, response)                                                                              \
    "[\"1\",\"2\",\"any:1\",\"phx_reply\",{\"response\":" response ",\"status\":\"" status "\"}]"
#define GOODBYE "[\"1\",null,\"any:1\",\"goodbye\",{}]"
#define CLOSE   "[\"1\",\"1\",\"any:1\",\"phx_close\",{}]"
#define FAILED  "[\"1\",\"1\",\"any:1\",\"phx_error\",{\"reason\":\"channel_crash\"}]"

/* A fresh client sends `event`, the callback returns `returned`, and exactly these frames come. */
static void expect_frames(const char *event, pinion_result returned, const char *const *frames)
{
    char text[100];
    pinion_test_client *client = joined(&user_socket, "any:1", NULL);
    snprintf(text, sizeof text, "[\"1\",\"2\",\"any:1\",\"%s\",{}]", event);
    result = returned;
    send_text(client, text);
    for (; *frames; frames++)
        expect_frame(client, *frames);
    expect_no_frame(client);
    pinion_test_disconnect(client);
}

#define FRAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING     ((const char *const[]){ NULL })

static void the_table_of_results(void **state)
{
    pinion_payload *one = pinion_json("{s:i}", "n", 1);
    expect_frames("any", pinion_noreply(), NOTHING);
    expect_frames("any", pinion_ok(pinion_payload_ref(one)), FRAMES(REPLY("ok", "{\"n\":1}")));
    expect_frames("any", pinion_error(pinion_payload_ref(one)), FRAMES(REPLY("error", "{\"n\":1}")));
    expect_frames("any", pinion_reply("maybe", pinion_payload_ref(one)), FRAMES(REPLY("maybe", "{\"n\":1}")));
    expect_frames("any", pinion_later(), NOTHING);
    expect_frames("any", pinion_stop(PINION_REASON_NORMAL), FRAMES(CLOSE, GOODBYE));
    expect_frames("any", pinion_stop(PINION_REASON_SHUTDOWN), FRAMES(CLOSE, GOODBYE));
    expect_frames("any", pinion_stop(PINION_REASON_ERROR), FRAMES(GOODBYE, FAILED));
    expect_frames("any", pinion_stop_reply(PINION_REASON_NORMAL, "ok", NULL),
                  FRAMES(REPLY("ok", "{}"), CLOSE, GOODBYE));
    expect_frames("any", pinion_stop_reply(PINION_REASON_ERROR, "error", NULL),
                  FRAMES(REPLY("error", "{}"), GOODBYE, FAILED));
    expect_frames("any", pinion_crash(), FRAMES(GOODBYE, FAILED));
    pinion_payload_unref(one);
}

static void what_else_is_a_crash(void **state)
{
    expect_frames("no such clause", pinion_noreply(), FRAMES(GOODBYE, FAILED));
    expect_frames("any", pinion_ok(pinion_json("{s:s}", "n", NULL)), FRAMES(GOODBYE, FAILED));
    expect_frames("message_myself", pinion_ok(NULL), FRAMES(GOODBYE, FAILED));
    expect_frames("message_myself", pinion_noreply(), NOTHING);
    expect_frames("message_myself", pinion_later(), NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_clause_that_matches_takes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_of_results, setup, teardown),
        cmocka_unit_test_setup_teardown(what_else_is_a_crash, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
