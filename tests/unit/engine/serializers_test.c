/* Serializers of the application's own, through the whole engine: one whose messages are lines of words, and
 * that keeps what it decodes in memory of its own. */
#include "helpers/engine.h"

static int decoded;

struct words {
    char payload[200];
    char refs[2][20];
};

/* "ref event topic words…" */
static int decode(bool binary, pinion_slice bytes, pinion_message *message, pinion_message_scratch *scratch)
{
    char ref[17], event[65], topic[65], rest[101] = "", text[300];
    assert_null(message->memory);
    if (binary || bytes.len >= sizeof text)
        return PINION_EPROTO;
    memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = '\0';
    if (sscanf(text, "%16s %64s %64s %100[^\n]", ref, event, topic, rest) < 3)
        return PINION_EPROTO;
    struct words *words = malloc(sizeof *words);
    assert_non_null(words);
    decoded++;
    snprintf(words->payload, sizeof words->payload, "{\"words\":\"%s\"}", rest);
    snprintf(words->refs[0], sizeof words->refs[0], "\"%s\"", ref);
    strcpy(scratch->topic, topic);
    strcpy(scratch->event, event);
    message->ref = (pinion_slice){ words->refs[0], strlen(words->refs[0]) };
    message->topic = (pinion_slice){ scratch->topic, strlen(topic) };
    message->event = (pinion_slice){ scratch->event, strlen(event) };
    message->payload = (pinion_slice){ words->payload, strlen(words->payload) };
    message->memory = words;
    return 0;
}

static int encode(const pinion_message *message, pinion_frame **out)
{
    static const char *const kinds[] = { "push", "reply", "broadcast" };
    pinion_slice what = message->kind == PINION_MESSAGE_REPLY ? message->status : message->event;
    char text[500];
    if (message->payload_binary)
        return PINION_ENOTSUP;
    int len = snprintf(text, sizeof text, "%s %.*s %.*s %.*s", kinds[message->kind], (int)message->topic.len,
                       message->topic.ptr, (int)what.len, what.ptr, (int)message->payload.len,
                       message->payload.len ? message->payload.ptr : "");
    *out = pinion_frame_new(false, text, (size_t)len);
    return *out ? 0 : PINION_ENOMEM;
}

static const pinion_serializer lines = {
    .size = sizeof lines, .name = "lines", .decode = decode, .encode = encode
};

static pinion_ref *late;
static bool join_later;

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (!join_later)
        return pinion_ok(NULL);
    late = pinion_ref_new(channel);
    return pinion_later();
}

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "said", pinion_payload_ref(payload));
    return pinion_ok(pinion_payload_ref(payload));
}

static const pinion_channel_def room = { .join = join, .handle_in = PINION_CLAUSES({ "say", say }) };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static pinion_test_client *connected_as(const char *query)
{
    pinion_test_client *client = NULL;
    const pinion_socket_options options = { .serializers = PINION_SERIALIZERS({ "3.0", &lines }) };
    ok(pinion_test_connect(test, &user_socket, &options, query, &client));
    return client;
}

static void clients_of_it_share_rooms_with_others(void **state)
{
    pinion_test_client *own = connected_as("vsn=3.0.0");
    pinion_test_client *other = connected_as("vsn=2.0.0");
    send_text(own, "1 phx_join room:1");
    expect_frame(own, "reply room:1 ok {}");
    ok(pinion_test_join(other, "room:1", NULL));
    send_text(own, "2 say room:1 hello there");
    expect_frame(own, "broadcast room:1 said {\"words\":\"hello there\"}");
    expect_frame(own, "reply room:1 ok {\"words\":\"hello there\"}");
    ok(pinion_test_expect_push(other, "room:1", "said", "{\"words\": \"hello there\"}"));
}

/* What waits for a join is copied; its memory is not. */
static void messages_may_have_to_wait(void **state)
{
    pinion_test_client *own = connected_as("vsn=3.0.1");
    join_later = true;
    send_text(own, "1 phx_join room:1 as ann");
    send_text(own, "2 say room:1 hello");
    expect_no_frame(own);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_ref_free(late);
    pinion_test_run(test);
    expect_frame(own, "reply room:1 ok {}");
    expect_frame(own, "broadcast room:1 said {\"words\":\"hello\"}");
    expect_frame(own, "reply room:1 ok {\"words\":\"hello\"}");
}

static void what_it_refuses_ends_the_connection(void **state)
{
    pinion_test_client *own = connected_as("vsn=3.0.0");
    send_text(own, "too few");
    ok(pinion_test_expect_close(own, 1011));
}

static void a_vsn_that_is_none_is_said_at_mount(void **state)
{
    pinion_test_client *client = NULL;
    const pinion_socket_options wrong = { .serializers = PINION_SERIALIZERS({ "3.0.0", &lines }) };
    const pinion_socket_options none = { .serializers = PINION_SERIALIZERS({ "3.0", NULL }) };
    assert_int_equal(pinion_test_connect(test, &user_socket, &wrong, "", &client), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "3.0.0"));
    assert_int_equal(pinion_test_connect(test, &user_socket, &none, "", &client), PINION_EINVAL);
}

/* More pairs of serializer and transport than a fan-out remembers. */
static void there_may_be_many(void **state)
{
    static pinion_serializer many[12];
    pinion_serializer_route routes[13] = { { NULL, NULL } };
    char vsns[12][16], query[sizeof vsns + 8];
    pinion_test_client *clients[12];
    for (int i = 0; i < 12; i++) {
        many[i] = lines;
        snprintf(vsns[i], sizeof vsns[i], "%d.0", 3 + i);
        routes[i] = (pinion_serializer_route){ vsns[i], &many[i] };
    }
    for (int i = 0; i < 12; i++) {
        const pinion_socket_options options = { .serializers = routes };
        snprintf(query, sizeof query, "vsn=%.15s.0", vsns[i]);
        ok(pinion_test_connect(test, &user_socket, &options, query, &clients[i]));
        send_text(clients[i], "1 phx_join room:1");
        expect_frame(clients[i], "reply room:1 ok {}");
    }
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "x", NULL));
    pinion_test_run(test);
    for (int i = 0; i < 12; i++)
        expect_frame(clients[i], "broadcast room:1 x {}");
}

static int begin_test(void **state)
{
    decoded = 0;
    join_later = false;
    return setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clients_of_it_share_rooms_with_others),
        TEST(messages_may_have_to_wait),
        TEST(what_it_refuses_ends_the_connection),
        TEST(a_vsn_that_is_none_is_said_at_mount),
        TEST(there_may_be_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
