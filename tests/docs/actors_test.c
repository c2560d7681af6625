/* docs/actors.md. */
#include "docs/snippet.h"

/* ---- the snippets: a counter ---- */

struct counter {
    json_int_t total;
};

static pinion_result handle_call(pinion_actor *actor, pinion_call *call, const char *name,
                                 const pinion_payload *payload)
{
    struct counter *counter = pinion_actor_state(actor);
    if (strcmp(name, "add") == 0)
        counter->total += json_integer_value(pinion_payload_get(payload, "n"));
    return pinion_ok(pinion_json("{s:I}", "total", counter->total));
}

static const pinion_actor_def counter_actor = { .handle_call = handle_call };

static void free_ref(void *state)
{
    pinion_actor_ref_free(state);
}

static pinion_result counter_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_endpoint *endpoint = pinion_channel_endpoint(channel);
    pinion_actor_ref *counter = NULL;
    struct counter *fresh = calloc(1, sizeof *fresh);
    if (!fresh || pinion_actor_open(endpoint, topic, &counter_actor, fresh, free, &counter) != 0)
        return pinion_crash();
    pinion_channel_set_state(channel, counter, free_ref);
    return pinion_actor_later(channel, counter, "get", NULL, 0);
}

static pinion_result counter_add(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_actor_later(channel, pinion_channel_state(channel), "add", pinion_payload_ref(payload), 0);
}

/* ---- a request ---- */

static void get_total(pinion_request *request, void *context)
{
    pinion_actor_ref *counter = NULL;
    pinion_call_options options = { .timeout_ms = 1000, .request = pinion_request_ref_new(request) };
    int rc =
        pinion_actor_open(pinion_request_endpoint(request), "counter:visits", NULL, NULL, NULL, &counter);
    if (!rc)
        rc = pinion_actor_call(counter, "get", NULL, &options);
    if (rc) { /* the ref is still ours */
        pinion_request_ref_answer_json(options.request, 404, NULL);
        pinion_request_ref_free(options.request);
    }
    pinion_actor_ref_free(counter);
}

/* ---- a table ---- */

#define SEATS 2

struct table {
    uint64_t monitors[SEATS]; /* 0: the seat is free */
};

static pinion_result sit_down(pinion_actor *actor, pinion_call *call)
{
    struct table *table = pinion_actor_state(actor);
    int seat = 0;
    while (seat < SEATS && table->monitors[seat])
        seat++;
    if (seat == SEATS)
        return pinion_error(pinion_json("{s:s}", "reason", "full"));
    if (pinion_actor_monitor(actor, pinion_call_from(call), &table->monitors[seat]) != 0)
        return pinion_crash();
    return pinion_ok(pinion_json("{s:i}", "seat", seat));
}

static pinion_result table_call(pinion_actor *actor, pinion_call *call, const char *name,
                                const pinion_payload *payload)
{
    return sit_down(actor, call);
}

static pinion_result table_info(pinion_actor *actor, const pinion_info *info)
{
    struct table *table = pinion_actor_state(actor);
    for (int seat = 0; seat < SEATS; seat++) {
        if (strcmp(info->name, "down") == 0 && table->monitors[seat] == info->monitor)
            table->monitors[seat] = 0; /* free */
    }
    return pinion_noreply();
}

static const pinion_actor_def table_actor = {
    .handle_call = table_call,
    .handle_info = table_info,
    .idle_ms = 10000,
};

static pinion_result table_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_actor_ref *table = NULL;
    struct table *fresh = calloc(1, sizeof *fresh);
    ok(pinion_actor_open(pinion_channel_endpoint(channel), topic, &table_actor, fresh, free, &table));
    pinion_channel_set_state(channel, table, free_ref);
    return pinion_actor_later(channel, table, "sit_down", NULL, 0);
}

/* ---- their tests ---- */

static const pinion_channel_def counter_channel = { .join = counter_join,
                                                    .handle_in = PINION_CLAUSES({ "add", counter_add }) };
static const pinion_channel_def table_channel = { .join = table_join };
static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "counter:*", &counter_channel }, { "table:*", &table_channel }),
};

static void clients_share_a_counter(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "counter:visits", NULL);
    expect_answer(ann, "counter:visits", "add", pinion_json("{s:i}", "n", 2), "ok", "{\"total\":2}");
    pinion_test_client *bob = joined(&user_socket, "counter:visits", NULL);
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "total")), 2);
    expect_answer(bob, "counter:visits", "add", pinion_json("{s:i}", "n", 3), "ok", "{\"total\":5}");
}

static void a_request_gets_the_total(void **state)
{
    pinion_test_answer *answer;
    ok(pinion_endpoint_http(pinion_test_endpoint(test), "GET", "/visits", get_total, NULL));
    ok(pinion_test_http(test, "GET", "/visits", NULL, &answer));
    ok(pinion_test_expect_status(answer, 404));
    (void)joined(&user_socket, "counter:visits", NULL);
    ok(pinion_test_http(test, "GET", "/visits", NULL, &answer));
    ok(pinion_test_expect_status(answer, 200));
    ok(pinion_test_expect_body(answer, "{\"total\":0}"));
}

static void a_player_who_goes_leaves_a_seat(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "table:1", NULL);
    (void)joined(&user_socket, "table:1", NULL);
    pinion_test_client *third = connected(&user_socket);
    expect_refusal(third, "table:1", NULL, "full");
    pinion_test_disconnect(ann);
    ok(pinion_test_join(third, "table:1", NULL));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "seat")), 0); /* hers */
}

/* ---- the snippet ---- */

static void the_table_ends_when_nobody_is_left(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "table:1", NULL);
    pinion_test_advance(test, 60000);
    assert_int_equal(stats().actors, 1);
    pinion_test_disconnect(ann);
    pinion_test_advance(test, 10000);
    assert_int_equal(stats().actors, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients_share_a_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_gets_the_total, setup, teardown),
        cmocka_unit_test_setup_teardown(a_player_who_goes_leaves_a_seat, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_ends_when_nobody_is_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
