/* Requests of long polling for a session on another node, and from another node for one here: the messages
 * between them, on an adapter of the test's own. */
#include "engine/mount.h"
#include "helpers/engine.h"
#include "helpers/random.h"
#include "transport/longpoll.h"
#include "transport/longpoll_begin.h"
#include "transport/longpoll_token.h"
#include <pinion/pubsub.h>

#define WINDOW   1000
#define PATIENCE 5000

enum { REQUEST = 1, ANSWER = 2, CANCEL = 3, POLL = 1, PUBLISH = 2 };

/* ---- an adapter ---- */

static struct fake {
    pinion_pubsub_adapter base;
    const pinion_pubsub_events *events;
    void *core;
    int status;
    unsigned sent;
    char to[16];
    char body[4096]; /* of the last message */
    size_t len;
} fake;

static uint64_t next_sequence;

static const char *fake_id(const pinion_pubsub_adapter *adapter)
{
    return "here";
}

static int fake_start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core,
                      char *why, size_t why_size)
{
    fake.events = events;
    fake.core = core;
    return 0;
}

static int fake_broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    return 0;
}

static int fake_send(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    struct pinion_envelope envelope;
    assert_int_equal(pinion__envelope_read(pinion__slice(bytes, length), &envelope), 0);
    assert_int_equal(envelope.kind, PINION_ENVELOPE_LONGPOLL);
    assert_in_range(envelope.body.len, 1, sizeof fake.body);
    snprintf(fake.to, sizeof fake.to, "%s", node);
    memcpy(fake.body, envelope.body.ptr, envelope.body.len);
    fake.len = envelope.body.len;
    fake.sent++;
    return fake.status;
}

static void fake_end(pinion_pubsub_adapter *adapter)
{
}

static const pinion_pubsub_ops fake_ops = {
    .size = sizeof fake_ops,
    .name = "fake",
    .node_id = fake_id,
    .start = fake_start,
    .broadcast = fake_broadcast,
    .send = fake_send,
    .stop = fake_end,
    .free = fake_end,
};

/* A message from another node. */
static void arrive(const char *node, const void *body, size_t len)
{
    char bytes[8192];
    struct pinion_envelope envelope = { .kind = PINION_ENVELOPE_LONGPOLL,
                                        .node = pinion__slice_str(node),
                                        .incarnation = 1,
                                        .sequence = ++next_sequence,
                                        .body = pinion__slice(body, len) };
    assert_in_range(pinion__envelope_size(&envelope), 1, sizeof bytes);
    pinion__envelope_write(&envelope, bytes);
    fake.events->received(fake.core, bytes, pinion__envelope_size(&envelope));
    pinion_test_run(test);
}

/* ---- the application, and what became of exchanges ---- */

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static const pinion_channel_def room = { .handle_in = PINION_CLAUSES({ "echo", echo }) };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static struct pinion_longpoll *longpoll;
static struct pinion_mount mount;

static struct outcome {
    bool answered, gone;
    char json[4096];
} outcome;

static void answered(struct pinion_longpoll_exchange *exchange)
{
    assert_ptr_equal(exchange->owner, &outcome);
    assert_false(outcome.answered);
    outcome.answered = true;
    outcome.gone = exchange->gone;
    snprintf(outcome.json, sizeof outcome.json, "%.*s", (int)exchange->answer.len,
             exchange->answer.data ? exchange->answer.data : "");
}

static struct pinion_longpoll_exchange *new_exchange(void)
{
    struct pinion_shard *shard = pinion__hub_of(pinion_test_endpoint(test))->shards[0];
    struct pinion_longpoll_exchange *exchange = pinion__longpoll_exchange_new(longpoll, shard, &mount);
    assert_non_null(exchange);
    memset(&outcome, 0, sizeof outcome);
    exchange->owner = &outcome;
    exchange->answered = answered;
    return exchange;
}

static int begin(void **state)
{
    struct pinion_pubsub *pubsub;
    const pinion_socket_options options = { .longpoll = true, .longpoll_window_ms = WINDOW };
    assert_int_equal(setup(state), 0);
    memset(&fake, 0, sizeof fake);
    fake.base.ops = &fake_ops;
    next_sequence = 0;
    pubsub = &pinion__hub_of(pinion_test_endpoint(test))->pubsub;
    assert_int_equal(pinion__pubsub_attach(pubsub, &fake.base), 0);
    assert_int_equal(pinion__mount_init(&mount, "/socket", &user_socket, &options), 0);
    assert_int_equal(pinion__longpoll_new(&longpoll, pinion__hub_of(pinion_test_endpoint(test)), 10), 0);
    return pinion__pubsub_start(pubsub);
}

/* Sessions end as nobody polls any more. */
static int finish(void **state)
{
    pinion_test_advance(test, 100 * WINDOW);
    assert_int_equal(stats().sockets, 0);
    pinion__longpoll_free(longpoll);
    pinion_test_free(test);
    pinion__mount_release(&mount);
    return 0;
}

/* ---- a session here, asked for from there ---- */

static struct pinion_longpoll_place place;

static void open_session(void)
{
    pinion_payload *params = pinion_json("{s:s}", "vsn", "2.0.0");
    struct pinion_connect_info info = { .transport = "longpoll", .peer = "" };
    pinion__longpoll_begin(new_exchange(), params, &info);
    pinion_payload_unref(params);
    pinion_test_run(test);
    json_t *answer = json_loads(outcome.json, 0, NULL);
    assert_non_null(answer);
    const char *token = json_string_value(json_object_get(answer, "token"));
    assert_true(pinion__longpoll_token_read(pinion__hub_of(pinion_test_endpoint(test)),
                                            pinion__slice_str(token), &place));
    assert_string_equal(place.node, "here");
    json_decref(answer);
}

static size_t request(char *out, unsigned char number, unsigned kind, const char *path, const char *body)
{
    size_t len = 0;
    out[len++] = REQUEST;
    out[len++] = (char)number;
    out[len++] = 0; /* the loop */
    memcpy(out + len, place.id, sizeof place.id);
    len += sizeof place.id;
    out[len++] = (char)kind;
    out[len++] = 1; /* lines */
    out[len++] = (char)strlen(path);
    memcpy(out + len, path, strlen(path));
    len += strlen(path);
    memcpy(out + len, body, strlen(body));
    return len + strlen(body);
}

static void ask(unsigned char number, unsigned kind, const char *path, const char *body)
{
    char bytes[1024];
    arrive("there", bytes, request(bytes, number, kind, path, body));
}

static void expect_answer(unsigned char number, unsigned flags, const char *words)
{
    assert_string_equal(fake.to, "there");
    assert_int_equal(fake.body[0], ANSWER);
    assert_int_equal((unsigned char)fake.body[1], number);
    assert_int_equal(fake.body[2], flags);
    fake.body[fake.len] = '\0';
    if (!strstr(fake.body + 3, words))
        fail_msg("answered %s", fake.body + 3);
}

static void a_session_serves_another_node(void **state)
{
    open_session();
    ask(5, PUBLISH, "/socket", "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n");
    assert_int_equal(fake.sent, 1);
    expect_answer(5, 0, "{\"status\":200}");
    ask(6, POLL, "/socket", "");
    assert_int_equal(fake.sent, 2);
    expect_answer(6, 0, "phx_reply");
    ask(7, POLL, "/socket", ""); /* nothing to say yet */
    assert_int_equal(fake.sent, 2);
    assert_int_equal(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "news", NULL), 0);
    pinion_test_run(test);
    assert_int_equal(fake.sent, 3);
    expect_answer(7, 0, "news");
}

static void a_request_that_is_taken_back_is_not_answered(void **state)
{
    static const char cancel[] = { CANCEL, 5, 0 };
    open_session();
    ask(5, POLL, "/socket", "");
    arrive("elsewhere", cancel, sizeof cancel); /* which has no such request */
    arrive("there", cancel, sizeof cancel);
    arrive("there", cancel, sizeof cancel);
    pinion_test_advance(test, WINDOW);
    assert_int_equal(fake.sent, 0);
}

static void a_poll_that_is_called_home_is_answered(void **state)
{
    static const char recall[] = { CANCEL, 5, 0, 1 }, cancel[] = { CANCEL, 6, 0 };
    static const char recall_again[] = { CANCEL, 6, 0, 1 };
    open_session();
    ask(5, POLL, "/socket", "");
    assert_int_equal(fake.sent, 0);
    arrive("elsewhere", recall, sizeof recall); /* which has no such request */
    assert_int_equal(fake.sent, 0);
    arrive("there", recall, sizeof recall);
    assert_int_equal(fake.sent, 1);
    expect_answer(5, 0, "\"status\":204");
    arrive("there", recall, sizeof recall); /* its answer is on its way */
    ask(6, POLL, "/socket", "");
    arrive("there", cancel, sizeof cancel);
    arrive("there", recall_again, sizeof recall_again);
    pinion_test_advance(test, WINDOW);
    assert_int_equal(fake.sent, 1);
}

static void with_the_messages_that_are_about_to_answer_it(void **state)
{
    static const char recall[] = { CANCEL, 5, 0, 1 };
    open_session();
    ask(4, PUBLISH, "/socket", "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n");
    ask(3, POLL, "/socket", "");
    ask(5, POLL, "/socket", "");
    assert_int_equal(fake.sent, 2);
    assert_int_equal(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "news", NULL), 0);
    arrive("there", recall, sizeof recall);
    assert_int_equal(fake.sent, 3);
    expect_answer(5, 0, "news");
}

static void what_is_not_there_is_said_to_be_gone(void **state)
{
    open_session();
    ask(5, POLL, "/other", "");
    expect_answer(5, 1, "");
    place.id[0] ^= 1;
    ask(6, POLL, "/socket", "");
    expect_answer(6, 1, "");
    place.id[0] ^= 1;
    ask(7, 9, "/socket", ""); /* no kind of request */
    expect_answer(7, 1, "");
    ask(8, PUBLISH, "/socket", ""); /* no frames */
    assert_int_equal(fake.sent, 4);
}

static void any_bytes_are_survived(void **state)
{
    struct random_source random = { 42 };
    char bytes[256];
    open_session();
    size_t whole = request(bytes, 5, POLL, "/socket", "");
    for (size_t len = 0; len < whole; len++)
        arrive("there", bytes, len);
    for (int i = 0; i < 20000; i++) {
        size_t len = random_below(&random, 64);
        for (size_t j = 0; j < len; j++)
            bytes[j] = (char)random_below(&random, 256);
        if (len > 2) {
            bytes[0] = (char)(1 + random_below(&random, 3));
            bytes[1] = (char)random_below(&random, 128);
        }
        arrive("there", bytes, len);
    }
}

/* ---- a session there, asked for from here ---- */

/* A token as another node gives it, which has the same secret. */
static void address_there(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_remote *remote = pinion__hub_of(pinion_test_endpoint(test))->pubsub.remote;
    char token[PINION_LONGPOLL_TOKEN_MAX];
    static const unsigned char id[PINION_LONGPOLL_ID_LEN] = "0123456789abcde";
    strcpy(remote->node, "there");
    assert_int_equal(pinion__longpoll_token_make(pinion__hub_of(pinion_test_endpoint(test)), 3, id, token),
                     0);
    strcpy(remote->node, "here");
    assert_true(pinion__longpoll_address(exchange, pinion__slice_str(token)));
}

static struct pinion_longpoll_exchange *poll_there(void)
{
    struct pinion_longpoll_exchange *exchange = new_exchange();
    address_there(exchange);
    pinion__longpoll_poll(exchange);
    pinion_test_run(test);
    assert_string_equal(fake.to, "there");
    assert_int_equal(fake.body[0], REQUEST);
    return exchange;
}

static void answer_last(const char *node, char flags, const char *text)
{
    char bytes[256] = { ANSWER };
    size_t len = 1;
    do /* the number */
        bytes[len] = fake.body[len];
    while (bytes[len++] & 0x80);
    bytes[len++] = flags;
    memcpy(bytes + len, text, strlen(text));
    arrive(node, bytes, len + strlen(text));
}

static void an_answer_comes_back(void **state)
{
    poll_there();
    assert_false(outcome.answered);
    answer_last("elsewhere", 0, "{\"forged\":1}");
    assert_false(outcome.answered);
    answer_last("there", 0, "{\"status\":204}");
    assert_true(outcome.answered);
    assert_false(outcome.gone);
    assert_string_equal(outcome.json, "{\"status\":204}");
    answer_last("there", 0, "again"); /* for nobody */
}

static void a_session_that_is_gone_there_is_gone(void **state)
{
    poll_there();
    answer_last("there", 1, "");
    assert_true(outcome.answered && outcome.gone);
}

static void whoever_does_not_answer_in_time_is_gone(void **state)
{
    poll_there();
    pinion_test_advance(test, WINDOW + PATIENCE - 1);
    assert_false(outcome.answered);
    pinion_test_advance(test, 1);
    assert_true(outcome.answered && outcome.gone);

    struct pinion_longpoll_exchange *exchange = new_exchange();
    address_there(exchange);
    ok(pinion__buf_append_str(&exchange->body, "[]"));
    pinion__longpoll_publish(exchange);
    pinion_test_advance(test, WINDOW + PATIENCE);
    assert_true(outcome.answered && !outcome.gone);
    assert_string_equal(outcome.json, "{\"status\":408}");
}

static void publish_there(void)
{
    struct pinion_longpoll_exchange *exchange = new_exchange();
    address_there(exchange);
    ok(pinion__buf_append_str(&exchange->body, "[]"));
    pinion__longpoll_publish(exchange);
    pinion_test_run(test);
}

/* A POST is told so as well: to try again would be of no use. */
static void the_sessions_of_a_node_that_goes_are_gone(void **state)
{
    publish_there();
    assert_false(outcome.answered);
    fake.events->node(fake.core, "elsewhere", false);
    pinion_test_run(test);
    assert_false(outcome.answered);
    fake.events->node(fake.core, "there", false);
    pinion_test_run(test);
    assert_true(outcome.answered && outcome.gone);
    unsigned sent = fake.sent;
    publish_there();
    assert_true(outcome.answered && outcome.gone);
    assert_int_equal(fake.sent, sent);
    fake.events->node(fake.core, "there", true);
    publish_there();
    assert_int_equal(fake.sent, sent + 1);
    answer_last("there", 0, "{\"status\":200}");
    assert_true(outcome.answered && !outcome.gone);
}

static void what_cannot_be_sent_is_gone_at_once(void **state)
{
    fake.status = PINION_EBUSY;
    poll_there();
    assert_true(outcome.answered && outcome.gone);
}

static void an_owner_that_goes_takes_its_request_back(void **state)
{
    pinion__longpoll_abandon(poll_there());
    assert_int_equal(fake.sent, 2);
    assert_int_equal(fake.body[0], CANCEL);
    fake.body[0] = REQUEST;
    answer_last("there", 0, "late");
    pinion_test_advance(test, WINDOW + PATIENCE);
    assert_false(outcome.answered);
}

static void a_poll_is_called_home_from_there(void **state)
{
    struct pinion_longpoll_exchange *exchange = poll_there();
    pinion__longpoll_recall(exchange);
    pinion__longpoll_recall(exchange);
    assert_int_equal(fake.sent, 2);
    assert_int_equal(fake.body[0], CANCEL);
    assert_int_equal(fake.body[fake.len - 1], 1);
    answer_last("there", 0, "{\"messages\":[1]}");
    assert_true(outcome.answered);
    assert_string_equal(outcome.json, "{\"messages\":[1]}");
}

static void whoever_does_not_give_it_back_is_gone(void **state)
{
    pinion__longpoll_recall(poll_there());
    pinion_test_advance(test, PATIENCE - 1);
    assert_false(outcome.answered);
    pinion_test_advance(test, 1);
    assert_true(outcome.answered && outcome.gone);
}

static void what_is_on_its_way_home_is_not_called(void **state)
{
    struct pinion_longpoll_exchange *exchange = new_exchange();
    address_there(exchange);
    fake.status = PINION_EBUSY;
    pinion__longpoll_poll(exchange);
    unsigned sent = fake.sent;
    pinion__longpoll_recall(exchange);
    assert_int_equal(fake.sent, sent);
    pinion_test_run(test);
    assert_true(outcome.answered && outcome.gone);

    fake.status = 0;
    exchange = poll_there();
    pinion__longpoll_recall(exchange);
    pinion__longpoll_abandon(exchange);
    assert_int_equal(fake.body[0], CANCEL);
    pinion_test_advance(test, WINDOW + PATIENCE);
    assert_false(outcome.answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_serves_another_node),
        TEST(a_request_that_is_taken_back_is_not_answered),
        TEST(a_poll_that_is_called_home_is_answered),
        TEST(with_the_messages_that_are_about_to_answer_it),
        TEST(what_is_not_there_is_said_to_be_gone),
        TEST(any_bytes_are_survived),
        TEST(an_answer_comes_back),
        TEST(a_session_that_is_gone_there_is_gone),
        TEST(whoever_does_not_answer_in_time_is_gone),
        TEST(the_sessions_of_a_node_that_goes_are_gone),
        TEST(what_cannot_be_sent_is_gone_at_once),
        TEST(an_owner_that_goes_takes_its_request_back),
        TEST(a_poll_is_called_home_from_there),
        TEST(whoever_does_not_give_it_back_is_gone),
        TEST(what_is_on_its_way_home_is_not_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
