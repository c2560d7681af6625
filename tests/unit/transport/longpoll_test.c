/* Sessions of long polling, by exchanges and a clock of the test's own. */
#include "base/turns.h"
#include "engine/mount.h"
#include "helpers/engine.h"
#include "helpers/shout.h"
#include "transport/longpoll.h"
#include "transport/longpoll_begin.h"

#define WINDOW 1000
#define POST(exchange_, text)                                                                                \
    do {                                                                                                     \
        (exchange_) = to_session();                                                                          \
        ok(pinion__buf_append_str(&(exchange_)->body, text));                                                \
        (exchange_)->ndjson = true;                                                                          \
        pinion__longpoll_publish(exchange_);                                                                 \
        pinion_test_run(test);                                                                               \
    } while (0)

/* ---- the application ---- */

static pinion_ref *late;
static pinion_result next_join, next_connect;
static pinion_reason terminated;
static int terminations;
static pinion_socket *connecting; /* the latest */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (next_join.kind == PINION_RESULT_LATER)
        late = pinion_ref_new(channel);
    return next_join;
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    terminations++;
    terminated = reason;
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

/* So many pushes of so many letters, in one go. */
static pinion_result burst(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_int_t count = json_integer_value(pinion_payload_get(payload, "count"));
    json_int_t size = json_integer_value(pinion_payload_get(payload, "size"));
    const char *letter = json_string_value(pinion_payload_get(payload, "letter"));
    char *letters = malloc((size_t)size + 1);
    assert_non_null(letters);
    memset(letters, letter[0], (size_t)size);
    letters[size] = '\0';
    for (json_int_t i = 0; i < count; i++)
        pinion_push(channel, "pushed", pinion_json("{s:s}", "x", letters));
    free(letters);
    return pinion_noreply();
}

static unsigned heard[2];

static pinion_result hear(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_int_t number = json_integer_value(pinion_payload_get(payload, "n"));
    json_int_t who = json_integer_value(pinion_payload_get(payload, "who"));
    assert_int_equal(number, heard[who]); /* in order */
    heard[who]++;
    return pinion_noreply();
}

static int drained;

static pinion_result count_drained(pinion_channel *channel)
{
    drained++;
    return pinion_noreply();
}

static const pinion_channel_def room = {
    .join = join,
    .drained = count_drained,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "burst", burst }, { "hear", hear }, { "shout", shout }),
    .handle_out = PINION_CLAUSES({ "shouted", pass_on }),
    .terminate = terminate,
};

static pinion_result let_in(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    assert_string_equal(pinion_connect_transport(info), "longpoll");
    connecting = socket;
    if (next_connect.kind == PINION_RESULT_LATER)
        late = pinion_ref_new_socket(socket);
    return next_connect;
}

static int id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "one");
}

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "room:*", &room }),
    .connect = let_in,
    .id = id,
};

/* ---- exchanges ---- */

static struct pinion_longpoll *longpoll;
static struct pinion_mount mount;
static char token[100];

/* What came of an exchange, which is gone then. */
struct outcome {
    bool answered, gone, refused;
    char json[600000];
};
static struct outcome outcomes[8];

static void answered(struct pinion_longpoll_exchange *exchange)
{
    struct outcome *outcome = exchange->owner;
    assert_false(outcome->answered);
    outcome->answered = true;
    outcome->gone = exchange->gone;
    outcome->refused = exchange->refused;
    assert_true(exchange->answer.len < sizeof outcome->json);
    if (exchange->answer.len)
        memcpy(outcome->json, exchange->answer.data, exchange->answer.len);
    outcome->json[exchange->answer.len] = '\0';
}

static struct pinion_longpoll_exchange *new_exchange(int number)
{
    struct pinion_shard *shard = pinion__hub_of(pinion_test_endpoint(test))->shards[0];
    struct pinion_longpoll_exchange *exchange = pinion__longpoll_exchange_new(longpoll, shard, &mount);
    assert_non_null(exchange);
    memset(&outcomes[number], 0, sizeof outcomes[number]);
    exchange->owner = &outcomes[number];
    exchange->answered = answered;
    return exchange;
}

static struct pinion_longpoll_exchange *to_session_as(int number)
{
    struct pinion_longpoll_exchange *exchange = new_exchange(number);
    assert_true(pinion__longpoll_address(exchange, pinion__slice_str(token)));
    return exchange;
}

static struct pinion_longpoll_exchange *to_session(void)
{
    return to_session_as(0);
}

static struct pinion_longpoll_exchange *begin(void)
{
    pinion_payload *params = pinion_json("{s:s}", "vsn", "2.0.0");
    struct pinion_connect_info info = { .transport = "longpoll", .peer = "" };
    struct pinion_longpoll_exchange *exchange = new_exchange(0);
    pinion__longpoll_begin(exchange, params, &info);
    pinion_payload_unref(params);
    pinion_test_run(test);
    return exchange;
}

static struct pinion_longpoll_exchange *poll_as(int number)
{
    struct pinion_longpoll_exchange *exchange = to_session_as(number);
    pinion__longpoll_poll(exchange);
    pinion_test_run(test);
    return exchange;
}

/* The answer, with "T" for the token. */
static void expect(int number, const char *json)
{
    char text[sizeof outcomes[0].json];
    assert_true(outcomes[number].answered);
    assert_false(outcomes[number].gone);
    const char *at = token[0] ? strstr(outcomes[number].json, token) : NULL;
    if (at)
        snprintf(text, sizeof text, "%.*sT%s", (int)(at - outcomes[number].json), outcomes[number].json,
                 at + strlen(token));
    else
        snprintf(text, sizeof text, "%s", outcomes[number].json);
    assert_string_equal(text, json);
}

static void expect_nothing(int number)
{
    assert_false(outcomes[number].answered);
}

static void expect_gone(int number)
{
    assert_true(outcomes[number].answered);
    assert_true(outcomes[number].gone);
}

static void take_token(void)
{
    json_t *answer = json_loads(outcomes[0].json, 0, NULL);
    assert_non_null(answer);
    snprintf(token, sizeof token, "%s", json_string_value(json_object_get(answer, "token")));
    json_decref(answer);
    expect(0, "{\"messages\":[],\"status\":410,\"token\":\"T\"}");
}

static void open_session(void)
{
    begin();
    take_token();
}

static const char joined[] =
    "{\"messages\":[\"[\\\"1\\\",\\\"1\\\",\\\"room:1\\\",\\\"phx_reply\\\","
    "{\\\"response\\\":{},\\\"status\\\":\\\"ok\\\"}]\"],\"status\":200,\"token\":\"T\"}";

static void join_room(void)
{
    struct pinion_longpoll_exchange *exchange;
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n");
    expect(0, "{\"status\":200}");
    poll_as(0);
    expect(0, joined);
}

/* ---- polls ---- */

static void a_poll_waits_for_its_window(void **state)
{
    open_session();
    poll_as(0);
    pinion_test_advance(test, WINDOW - 1);
    expect_nothing(0);
    pinion_test_advance(test, 1);
    expect(0, "{\"messages\":[],\"status\":204,\"token\":\"T\"}");
}

static void a_poll_ends_with_the_first_messages_and_all_of_them(void **state)
{
    open_session();
    join_room();
    poll_as(1);
    expect_nothing(1);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "a", NULL));
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "b", NULL));
    pinion_test_run(test);
    expect(1, "{\"messages\":[\"[null,null,\\\"room:1\\\",\\\"a\\\",{}]\",\"[null,null,\\\"room:1\\\","
              "\\\"b\\\",{}]\"],\"status\":200,\"token\":\"T\"}");
}

static void of_two_polls_the_later_gets_the_messages(void **state)
{
    open_session();
    join_room();
    poll_as(1);
    pinion_test_advance(test, WINDOW / 2);
    poll_as(2);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "a", NULL));
    pinion_test_run(test);
    expect(2, "{\"messages\":[\"[null,null,\\\"room:1\\\",\\\"a\\\",{}]\"],\"status\":200,\"token\":\"T\"}");
    expect_nothing(1);
    pinion_test_advance(test, WINDOW / 2);
    expect(1, "{\"messages\":[],\"status\":204,\"token\":\"T\"}");
}

static void what_an_abandoned_poll_would_have_got_is_for_the_next(void **state)
{
    open_session();
    join_room();
    struct pinion_longpoll_exchange *exchange = poll_as(1);
    pinion__longpoll_abandon(exchange);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "a", NULL));
    pinion_test_run(test);
    expect_nothing(1);
    poll_as(2);
    expect(2, "{\"messages\":[\"[null,null,\\\"room:1\\\",\\\"a\\\",{}]\"],\"status\":200,\"token\":\"T\"}");
}

/* ---- polls that are called home ---- */

#define NEWS    "{\"messages\":[\"[null,null,\\\"room:1\\\",\\\"a\\\",{}]\"],\"status\":200,\"token\":\"T\"}"
#define NO_NEWS "{\"messages\":[],\"status\":204,\"token\":\"T\"}"

static void broadcast_news(void)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "a", NULL));
}

static void a_poll_that_waits_comes_home_empty(void **state)
{
    open_session();
    join_room();
    pinion__longpoll_recall(poll_as(1));
    pinion_test_run(test);
    expect(1, NO_NEWS);
    broadcast_news();
    poll_as(2);
    expect(2, NEWS);
}

static void one_that_was_answered_brings_its_answer(void **state)
{
    open_session();
    join_room();
    broadcast_news();
    pinion_test_run(test);
    struct pinion_longpoll_exchange *exchange = to_session_as(1);
    pinion__longpoll_poll(exchange);
    pinion__longpoll_recall(exchange);
    pinion__longpoll_recall(exchange);
    pinion_test_run(test);
    expect(1, NEWS);
}

/* The messages are not on their way to the older one. */
static void one_that_is_about_to_be_waits_for_it(void **state)
{
    open_session();
    join_room();
    struct pinion_longpoll_exchange *older = poll_as(1), *latest = poll_as(2);
    broadcast_news();
    pinion__longpoll_recall(older);
    pinion__longpoll_recall(latest);
    pinion_test_run(test);
    expect(1, NO_NEWS);
    expect(2, NEWS);
}

static void a_long_answer_comes_home_too(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    POST(exchange, "[\"1\",\"2\",\"room:1\",\"burst\",{\"count\":2,\"size\":100000,\"letter\":\"a\"}]\n");
    exchange = to_session_as(1);
    pinion__longpoll_poll(exchange);
    pinion__longpoll_recall(exchange);
    pinion_test_run(test);
    assert_true(outcomes[1].answered);
    assert_true(strlen(outcomes[1].json) > 200000);
}

static void its_owner_may_go_meanwhile(void **state)
{
    open_session();
    join_room();
    struct pinion_longpoll_exchange *exchange = poll_as(1);
    pinion__longpoll_recall(exchange);
    pinion__longpoll_abandon(exchange);
    pinion_test_run(test);
    expect_nothing(1);
    broadcast_news();
    poll_as(2);
    expect(2, NEWS);
}

/* ---- the end ---- */

static void a_client_that_does_not_poll_is_inactive(void **state)
{
    open_session();
    join_room();
    pinion_test_advance(test, WINDOW * 3 / 2 - 1);
    assert_int_equal(terminations, 0);
    pinion_test_advance(test, 1);
    assert_int_equal(terminations, 1);
    assert_int_equal(terminated, PINION_REASON_INACTIVE);
    assert_int_equal(stats().sockets, 0);
    poll_as(0);
    expect_gone(0);
}

static void posts_are_no_polls(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    pinion_test_advance(test, WINDOW);
    POST(exchange, "[null,\"9\",\"phoenix\",\"heartbeat\",{}]\n");
    pinion_test_advance(test, WINDOW / 2);
    assert_int_equal(terminations, 1);
}

static void a_poll_that_waits_keeps_it_alive(void **state)
{
    open_session();
    join_room();
    for (int i = 0; i < 5; i++) {
        pinion_test_advance(test, WINDOW * 3 / 2 - 1);
        poll_as(0);
        pinion_test_advance(test, WINDOW);
    }
    assert_int_equal(terminations, 0);
}

static void the_end_answers_what_waits(void **state)
{
    open_session();
    join_room();
    poll_as(1);
    poll_as(2);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "one", "disconnect", NULL));
    pinion_test_run(test);
    expect(1, "{\"messages\":[],\"status\":204,\"token\":\"T\"}");
    expect(2, "{\"messages\":[],\"status\":204,\"token\":\"T\"}");
    assert_int_equal(terminated, PINION_REASON_CLOSED);
    poll_as(0);
    expect_gone(0);
}

static void a_client_that_does_not_fetch_is_closed(void **state)
{
    open_session();
    join_room();
    char *body = malloc(60001);
    assert_non_null(body);
    memset(body, 'x', 60000);
    body[60000] = '\0';
    assert_int_equal(mount.limits.max_queue, 100000);
    pinion_test_advance(test, WINDOW); /* in which it should have polled again */
    for (int i = 0; i < 3; i++) {      /* the first one does not count */
        assert_int_equal(terminations, 0);
        ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", "a",
                                     pinion_json("{s:s}", "x", body)));
        pinion_test_run(test);
    }
    free(body);
    assert_int_equal(terminations, 1);
    assert_int_equal(stats().slow_closed, 1);
}

#define BURST(count, size, letter)                                                                           \
    "[\"1\",\"9\",\"room:1\",\"burst\",{\"count\":" #count ",\"size\":" #size ",\"letter\":\"" letter "\"}]" \
    "\n"

/* The first frame too, of which limits know nothing. */
static void what_waits_for_the_next_poll_is_queued(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    assert_int_equal(pinion_socket_queued(connecting), 0);
    POST(exchange, BURST(2, 500, "x"));
    size_t two = pinion_socket_queued(connecting);
    assert_in_range(two, 1000, 2000);
    POST(exchange, BURST(2, 500, "x"));
    assert_int_equal(pinion_socket_queued(connecting), 2 * two);
    poll_as(1);
    assert_int_equal(pinion_socket_queued(connecting), 0);
}

static unsigned pushed(int number)
{
    unsigned count = 0;
    assert_true(outcomes[number].answered && !outcomes[number].gone);
    for (const char *at = outcomes[number].json; (at = strstr(at, "\\\"pushed\\\"")); at++)
        count++;
    return count;
}

/* Four times as much may wait for a client that had an answer within the window. */
static void one_that_is_on_its_way_may_have_more_waiting(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    POST(exchange, BURST(7, 60000, "x"));
    assert_int_equal(terminations, 0);
    poll_as(1);
    assert_int_equal(pushed(1), 7);
    POST(exchange, BURST(8, 60000, "x"));
    assert_int_equal(terminations, 1);
    assert_int_equal(stats().slow_closed, 1);
}

static void what_waits_goes_to_the_open_poll_first(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    poll_as(1);
    POST(exchange, BURST(9, 60000, "x"));
    assert_int_equal(terminations, 0);
    assert_int_equal(pushed(1), 2);
    poll_as(2);
    assert_int_equal(pushed(2), 7);
}

/* As the list of who is present, which changes follow. */
static void what_waits_behind_a_large_message_has_room(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    pinion_test_advance(test, WINDOW);
    POST(exchange, BURST(1, 150000, "x") BURST(3, 30000, "x"));
    assert_int_equal(terminations, 0);
    poll_as(1);
    assert_int_equal(pushed(1), 4);
}

/* As JSON in JSON it is twice as long. */
static void what_quotes_cost_does_not_count(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    pinion_test_advance(test, WINDOW);
    POST(exchange, BURST(1, 10, "x") BURST(2, 24000, "\\\""));
    assert_int_equal(terminations, 0);
    poll_as(1);
    assert_int_equal(pushed(1), 3);
    assert_true(strlen(outcomes[1].json) > 2 * 24000 * 4);
}

/* The answers to one body do not make a client deaf, however long they are. */
static void its_messages_wait_while_much_waits_for_it(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    char *body = malloc(100 * sizeof BURST(1, 30000, "x"));
    assert_non_null(body);
    body[0] = '\0';
    for (int i = 0; i < 100; i++)
        strcat(body, BURST(1, 30000, "x"));
    POST(exchange, body);
    free(body);
    expect(0, "{\"status\":200}"); /* so that it may poll on the same connection */
    unsigned count = 0;
    for (int polls = 0; count < 100 && polls < 50; polls++) {
        poll_as(1);
        count += pushed(1);
        assert_in_range(strlen(outcomes[1].json), 1, 200000);
    }
    assert_int_equal(count, 100);
    assert_int_equal(terminations, 0);
}

/* 64 ms for each KiB. */
static void a_large_answer_has_time_to_be_read(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    poll_as(1);
    POST(exchange, BURST(1, 100000, "x"));
    assert_int_equal(pushed(1), 1);
    uint64_t reading = strlen(outcomes[1].json) / 1024 * 64;
    pinion_test_advance(test, WINDOW * 3 / 2 + reading - 1);
    assert_int_equal(terminations, 0);
    pinion_test_advance(test, 1);
    assert_int_equal(terminations, 1);
}

/* The reply stays, and the newest broadcasts. */
static void does_without_the_oldest(const char *event)
{
    static const char first[] = "{\"messages\":[\"[\\\"1\\\",\\\"1\\\",\\\"room:1\\\"";
    struct pinion_longpoll_exchange *exchange;
    char *body = malloc(30001);
    assert_non_null(body);
    memset(body, 'x', 30000);
    body[30000] = '\0';
    mount.limits.drop_broadcasts = true;
    open_session();
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n");
    for (int i = 0; i < 6; i++) {
        ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:1", event,
                                     pinion_json("{s:s,s:i}", "x", body, "n", i)));
        pinion_test_run(test);
    }
    free(body);
    assert_int_equal(terminations, 0);
    assert_int_equal(stats().slow_closed, 0);
    assert_int_equal(stats().skipped, 4);
    poll_as(1);
    assert_true(outcomes[1].answered);
    const char *answer = outcomes[1].json;
    assert_memory_equal(answer, first, sizeof first - 1);
    assert_null(strstr(answer, "\\\"n\\\":3"));
    assert_non_null(strstr(answer, "\\\"n\\\":4"));
    assert_non_null(strstr(answer, "\\\"n\\\":5"));
}

static void or_does_without_the_oldest_broadcasts(void **state)
{
    does_without_the_oldest("a");
}

static void and_without_the_oldest_that_handle_out_pushed(void **state)
{
    does_without_the_oldest("shouted");
}

static void who_polls_again_has_caught_up(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    drained = 0;
    open_session();
    join_room();
    POST(exchange, BURST(2, 9000, "x"));
    poll_as(1);
    assert_int_equal(drained, 0); /* that was no quarter */
    POST(exchange, BURST(4, 9000, "x"));
    assert_int_equal(drained, 0);
    poll_as(1);
    assert_int_equal(drained, 1);
    POST(exchange, BURST(2, 9000, "x"));
    poll_as(1);
    assert_int_equal(drained, 1);
}

/* ---- posts ---- */

static void frames_wait_while_the_engine_holds_back(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    next_join = pinion_later();
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n[\"1\",\"2\",\"room:1\",\"echo\",{}]\n");
    expect_nothing(0);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    expect(0, "{\"status\":200}");
    poll_as(0);
    assert_non_null(strstr(outcomes[0].json, "\\\"2\\\",\\\"room:1\\\",\\\"phx_reply\\\""));
}

/* They come from the run queue here, where nothing else can run between two of them. */
static void what_a_frame_causes_comes_before_the_next(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    next_join = pinion_later();
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n[\"1\",\"2\",\"room:1\",\"shout\",1]\n"
                   "[\"1\",\"3\",\"room:1\",\"shout\",2]\n[\"1\",\"4\",\"room:1\",\"phx_leave\",{}]\n");
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    expect(0, "{\"status\":200}");
    poll_as(0);
    static const char *const order[] = { "\\\"1\\\",\\\"room:1\\\",\\\"phx_reply", "shouted\\\",1]",
                                         "shouted\\\",2]", "\\\"4\\\",\\\"room:1\\\",\\\"phx_reply",
                                         "phx_close" };
    const char *at = outcomes[0].json;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        at = strstr(at, order[i]);
        if (!at)
            fail_msg("no %s in its place in %s", order[i], outcomes[0].json);
    }
}

static void a_post_that_takes_too_long_is_told_so_and_still_done(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    next_join = pinion_later();
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n[\"1\",\"2\",\"room:1\",\"echo\",{}]\n");
    pinion_test_advance(test, WINDOW);
    expect(0, "{\"status\":408}");
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    poll_as(0);
    assert_non_null(strstr(outcomes[0].json, "\\\"2\\\",\\\"room:1\\\",\\\"phx_reply\\\""));
}

static void an_abandoned_post_is_still_done(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    next_join = pinion_later();
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n");
    pinion__longpoll_abandon(exchange);
    pinion_test_run(test);
    expect_nothing(0);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    poll_as(1);
    expect(1, joined);
}

static void bodies_that_pile_up_have_a_cap(void **state)
{
    open_session();
    next_join = pinion_later();
    struct pinion_longpoll_exchange *exchange;
    POST(exchange, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n");
    char *body = malloc(7900000);
    assert_non_null(body);
    memset(body, '\n', 7900000);
    for (int i = 1; i <= 3; i++) {
        exchange = to_session_as(i);
        ok(pinion__buf_append(&exchange->body, body, 7900000));
        exchange->ndjson = true;
        pinion__longpoll_publish(exchange);
        pinion_test_run(test);
    }
    free(body);
    expect_nothing(2);
    expect(3, "{\"status\":408}");
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    expect(1, "{\"status\":200}");
    expect(2, "{\"status\":200}");
}

static uint64_t turn(void)
{
    return pinion__scheduler_turn(pinion__hub_of(pinion_test_endpoint(test))->shards[0]->scheduler);
}

static void hear_many(int who, unsigned count)
{
    struct pinion_longpoll_exchange *exchange = to_session_as(who);
    char line[200];
    ok(pinion__buf_append_str(&exchange->body, "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\n"));
    for (unsigned n = 0; n < count; n++) {
        snprintf(line, sizeof line,
                 "[\"1\",\"2\",\"room:1\",\"hear\",{\"who\":%d,\"n\":%u,\"x\":\"%0*d\"}]\n", who, n, 40, 0);
        ok(pinion__buf_append_str(&exchange->body, line));
    }
    exchange->ndjson = true;
    pinion__longpoll_publish(exchange);
}

static void a_long_body_leaves_others_their_turn(void **state)
{
    char first[sizeof token];
    heard[0] = heard[1] = 0;
    open_session();
    memcpy(first, token, sizeof token);
    open_session();
    hear_many(1, 5000);
    memcpy(token, first, sizeof token);
    hear_many(0, 50000);
    assert_int_equal(turn(), 0);
    assert_in_range(heard[0], 1, 16 * 1024 / 80);
    assert_in_range(heard[1], 1, 16 * 1024 / 80);
    for (unsigned before = heard[0]; !outcomes[1].answered; before = heard[0]) {
        assert_int_equal(turn(), 0);
        assert_in_range(heard[0] - before, 1, PINION_TURNS_GOES * 8 * 1024 / 80);
    }
    expect(1, "{\"status\":200}");
    assert_int_equal(heard[1], 5000);
    expect_nothing(0);
    pinion_test_run(test);
    expect(0, "{\"status\":200}");
    assert_int_equal(heard[0], 50000);
}

static void a_message_beyond_the_limit_ends_the_session(void **state)
{
    struct pinion_longpoll_exchange *exchange;
    open_session();
    join_room();
    assert_int_equal(mount.limits.max_message, 1000);
    char line[1200];
    memset(line, ' ', sizeof line);
    line[0] = '[';
    line[sizeof line - 1] = '\0';
    POST(exchange, line);
    expect_gone(0);
    assert_int_equal(terminations, 1);
}

/* ---- connecting ---- */

static void connect_may_answer_later(void **state)
{
    next_connect = pinion_later();
    begin();
    expect_nothing(0);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    take_token();
    join_room();
}

static void connect_may_refuse_later(void **state)
{
    next_connect = pinion_later();
    begin();
    ok(pinion_ref_answer(late, pinion_error(NULL)));
    pinion_test_run(test);
    expect(0, "{\"status\":403}");
    assert_int_equal(stats().sockets, 0);
}

static void a_client_that_goes_while_connect_decides_leaves_nothing(void **state)
{
    next_connect = pinion_later();
    struct pinion_longpoll_exchange *exchange = begin();
    pinion__longpoll_abandon(exchange);
    pinion_test_run(test);
    assert_int_equal(stats().sockets, 0);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    expect_nothing(0);
}

/* There may be two. */
static void one_session_too_many_ends_one_that_was_never_polled(void **state)
{
    char first[sizeof token];
    struct pinion_longpoll_exchange *exchange;
    open_session();
    memcpy(first, token, sizeof token);
    open_session();
    open_session();
    assert_int_equal(stats().sockets, 2);
    assert_int_equal(stats().longpoll_evicted, 1);
    POST(exchange, "[null,\"9\",\"phoenix\",\"heartbeat\",{}]\n");
    expect(0, "{\"status\":200}");
    memcpy(token, first, sizeof token);
    poll_as(0);
    expect_gone(0);
}

static void or_the_one_that_was_polled_the_longest_ago(void **state)
{
    char first[sizeof token], second[sizeof token];
    open_session();
    memcpy(first, token, sizeof token);
    poll_as(1);
    open_session();
    memcpy(second, token, sizeof token);
    poll_as(2);
    memcpy(token, first, sizeof token);
    poll_as(3);
    open_session();
    memcpy(token, second, sizeof token);
    assert_true(outcomes[2].answered); /* its poll was not left waiting */
    expect_nothing(1);
    expect_nothing(3);
    poll_as(4);
    expect_gone(4);
}

/* Whoever is refused takes nobody's place. */
static void only_who_is_let_in_has_others_go(void **state)
{
    open_session();
    open_session();
    next_connect = pinion_error(NULL);
    begin();
    expect(0, "{\"status\":403}");
    next_connect = pinion_later();
    begin();
    assert_int_equal(stats().longpoll_evicted, 0);
    ok(pinion_ref_answer(late, pinion_ok(NULL)));
    pinion_test_run(test);
    take_token();
    assert_int_equal(stats().longpoll_evicted, 1);
    assert_int_equal(stats().sockets, 2);
}

/* ---- looking up ---- */

static void a_session_is_found_before_a_body_is_read(void **state)
{
    open_session();
    struct pinion_longpoll_exchange *exchange = to_session();
    pinion__longpoll_find(exchange);
    pinion_test_run(test);
    assert_true(outcomes[0].answered);
    assert_false(outcomes[0].gone);
    pinion_test_advance(test, WINDOW * 2);
    exchange = to_session_as(1);
    pinion__longpoll_find(exchange);
    pinion_test_run(test);
    expect_gone(1);
}

static void tokens_are_signed(void **state)
{
    open_session();
    struct pinion_longpoll_exchange *exchange = new_exchange(0);
    char other[sizeof token];
    for (size_t i = 0; i < strlen(token); i++) {
        memcpy(other, token, sizeof token);
        other[i] = other[i] == 'A' ? 'B' : 'A';
        assert_false(pinion__longpoll_address(exchange, pinion__slice_str(other)));
    }
    assert_false(pinion__longpoll_address(exchange, pinion__slice(token, strlen(token) - 1)));
    assert_false(pinion__longpoll_address(exchange, pinion__slice_str("")));
    assert_true(pinion__longpoll_address(exchange, pinion__slice_str(token)));
    pinion__longpoll_exchange_unref(exchange);
}

/* ---- */

static int begin_test(void **state)
{
    int rc = setup(state);
    const pinion_socket_options options = {
        .longpoll = true, .longpoll_window_ms = WINDOW, .max_queue = 100000, .max_message = 1000
    };
    memset(outcomes, 0, sizeof outcomes);
    token[0] = '\0';
    terminations = 0;
    late = NULL;
    next_join = next_connect = pinion_ok(NULL);
    if (!rc)
        rc = pinion__mount_init(&mount, "/socket", &user_socket, &options);
    return rc ? rc : pinion__longpoll_new(&longpoll, pinion__hub_of(pinion_test_endpoint(test)), 2);
}

/* Time ends every session; then nothing is left. */
static int end_test(void **state)
{
    pinion_ref_free(late);
    pinion_test_advance(test, WINDOW * 400); /* long enough to read the longest answer, too */
    bool empty = stats().sockets == 0 && stats().channels == 0 && stats().topics == 0;
    pinion__longpoll_free(longpoll);
    pinion__mount_release(&mount);
    teardown(state);
    return empty ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_poll_waits_for_its_window),
        TEST(a_poll_ends_with_the_first_messages_and_all_of_them),
        TEST(of_two_polls_the_later_gets_the_messages),
        TEST(what_an_abandoned_poll_would_have_got_is_for_the_next),
        TEST(a_poll_that_waits_comes_home_empty),
        TEST(one_that_was_answered_brings_its_answer),
        TEST(one_that_is_about_to_be_waits_for_it),
        TEST(a_long_answer_comes_home_too),
        TEST(its_owner_may_go_meanwhile),
        TEST(a_client_that_does_not_poll_is_inactive),
        TEST(posts_are_no_polls),
        TEST(a_poll_that_waits_keeps_it_alive),
        TEST(the_end_answers_what_waits),
        TEST(what_waits_for_the_next_poll_is_queued),
        TEST(a_client_that_does_not_fetch_is_closed),
        TEST(one_that_is_on_its_way_may_have_more_waiting),
        TEST(what_waits_goes_to_the_open_poll_first),
        TEST(what_waits_behind_a_large_message_has_room),
        TEST(what_quotes_cost_does_not_count),
        TEST(its_messages_wait_while_much_waits_for_it),
        TEST(a_large_answer_has_time_to_be_read),
        TEST(or_does_without_the_oldest_broadcasts),
        TEST(and_without_the_oldest_that_handle_out_pushed),
        TEST(who_polls_again_has_caught_up),
        TEST(frames_wait_while_the_engine_holds_back),
        TEST(what_a_frame_causes_comes_before_the_next),
        TEST(a_post_that_takes_too_long_is_told_so_and_still_done),
        TEST(an_abandoned_post_is_still_done),
        TEST(bodies_that_pile_up_have_a_cap),
        TEST(a_long_body_leaves_others_their_turn),
        TEST(a_message_beyond_the_limit_ends_the_session),
        TEST(connect_may_answer_later),
        TEST(connect_may_refuse_later),
        TEST(a_client_that_goes_while_connect_decides_leaves_nothing),
        TEST(one_session_too_many_ends_one_that_was_never_polled),
        TEST(or_the_one_that_was_polled_the_longest_ago),
        TEST(only_who_is_let_in_has_others_go),
        TEST(a_session_is_found_before_a_body_is_read),
        TEST(tokens_are_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
