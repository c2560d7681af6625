/* Random sequences of everything that clients and channels can do. Whatever the order: at the end nothing is
 * left, and for each channel terminate ran if it was due, and its destructor ran, once. */
#include "base/sanitizer.h"
#include "helpers/engine.h"
#include "helpers/random.h"

#define CLIENTS    12
#define OPERATIONS 500
#if PINION_THREAD_SANITIZER /* takes a hundred times as long */
#define SEQUENCES 40
#else
#define SEQUENCES 200
#endif
#define REFS 16

struct state {
    int joins;
    int terminates;
};

static int made, destroyed, joined, terminated, works, dones;
static pinion_ref *refs[REFS];
static struct random_source source;

static unsigned pick(unsigned below)
{
    return (unsigned)random_below(&source, below);
}

/* ---- a channel that does anything ---- */

static void destroy(void *data)
{
    struct state *state = data;
    assert_int_equal(state->terminates, state->joins);
    destroyed++;
    free(state);
}

static void keep_ref(pinion_channel *channel)
{
    unsigned i = pick(REFS);
    pinion_ref_free(refs[i]);
    refs[i] = pinion_ref_new(channel);
}

static void work(void *data)
{
}

static pinion_result any_result(pinion_channel *channel);

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    dones++;
    return status ? pinion_noreply() : any_result(channel);
}

static void act(pinion_channel *channel)
{
    switch (pick(9)) {
    case 0:
        pinion_push(channel, "push", NULL);
        break;
    case 1:
        pinion_broadcast(channel, "plain", pinion_json("{s:i}", "n", 1));
        break;
    case 2:
        pinion_broadcast_from(channel, "intercepted", NULL);
        break;
    case 3:
        pinion_send_after(channel, pick(500), "timer", NULL, NULL);
        break;
    case 4:
        if (pinion_subscribe(channel, "news") == 0 && pick(2))
            pinion_unsubscribe(channel, "news");
        break;
    case 5:
        if (pinion_channel_work(channel, work, done, NULL) == 0)
            works++;
        break;
    case 6:
        keep_ref(channel);
        break;
    case 7:
        pinion_endpoint_broadcast(pinion_channel_endpoint(channel), "room:1", "intercepted", NULL);
        break;
    default:
        pinion_assign(channel, "k", pinion_json("i", 1));
        break;
    }
}

static pinion_result any_result(pinion_channel *channel)
{
    act(channel);
    switch (pick(14)) {
    case 0:
        return pinion_stop(PINION_REASON_NORMAL);
    case 1:
        return pinion_stop_reply(PINION_REASON_SHUTDOWN, "ok", NULL);
    case 2:
        return pinion_crash();
    case 3:
        return pinion_ok(pinion_json("nonsense"));
    case 4:
    case 5:
        return pinion_ok(NULL);
    case 6:
        return pinion_later();
    default:
        return pinion_noreply();
    }
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    struct state *state = calloc(1, sizeof *state);
    assert_non_null(state);
    made++;
    pinion_channel_set_state(channel, state, destroy);
    act(channel);
    switch (pick(10)) {
    case 0:
        return pinion_error(NULL);
    case 1:
        return pinion_crash();
    case 2:
        keep_ref(channel);
        return pinion_later();
    default:
        return pinion_ok(NULL);
    }
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    ((struct state *)pinion_channel_state(channel))->joins++;
    joined++;
    return pick(10) ? pinion_noreply() : any_result(channel);
}

static pinion_result any(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return any_result(channel);
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    return any_result(channel);
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    ((struct state *)pinion_channel_state(channel))->terminates++;
    terminated++;
    act(channel);
}

static const pinion_channel_def channel_def = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "any", any }),
    .handle_out = PINION_CLAUSES({ "intercepted", any }),
    .handle_info = handle_info,
    .terminate = terminate,
};

static int socket_id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "sockets:%u", pick(4));
}

static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }),
                                              .id = socket_id };

/* ---- clients that do anything ---- */

static void send_message(pinion_test_client *client, const char *event)
{
    char text[128];
    unsigned ref = pick(5); /* few, so that they match at times */
    snprintf(text, sizeof text, "[\"%u\",\"%u\",\"room:%u\",\"%s\",{}]", ref, ref, pick(3), event);
    if (pick(3) == 0)
        snprintf(text, sizeof text, "[null,\"%u\",\"room:%u\",\"%s\",{}]", ref, pick(3), event);
    send_text(client, text);
}

static void use_ref(void)
{
    unsigned i = pick(REFS);
    if (!refs[i])
        return;
    switch (pick(4)) {
    case 0:
        pinion_ref_send(refs[i], "sent", NULL);
        break;
    case 1:
        pinion_ref_reply(refs[i], "ok", NULL);
        break;
    case 2:
        pinion_ref_answer(refs[i], pick(2) ? pinion_ok(NULL) : pinion_error(NULL));
        break;
    default:
        pinion_ref_free(refs[i]);
        refs[i] = NULL;
        break;
    }
}

static void operate(pinion_test_client **clients)
{
    char topic[32];
    unsigned i = pick(CLIENTS);
    if (!clients[i])
        clients[i] = connected(&socket_def);
    switch (pick(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        send_message(clients[i], "phx_join");
        break;
    case 4:
        send_message(clients[i], "phx_leave");
        break;
    case 5:
        send_message(clients[i], "nobody-takes-this");
        break;
    case 6:
        pinion_test_disconnect(clients[i]);
        clients[i] = NULL;
        break;
    case 7:
        send_text(clients[i], "garbage");
        break;
    case 8:
        pinion_test_advance(test, pick(20000));
        break;
    case 9:
        snprintf(topic, sizeof topic, "sockets:%u", pick(4));
        pinion_endpoint_broadcast(pinion_test_endpoint(test), topic, "disconnect", NULL);
        break;
    case 10:
        pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", "flash", NULL);
        break;
    case 11:
    case 12:
        use_ref();
        break;
    default:
        send_message(clients[i], "any");
        break;
    }
    if (pick(2))
        pinion_test_run(test);
}

static void free_refs(void)
{
    for (unsigned i = 0; i < REFS; i++) {
        pinion_ref_free(refs[i]);
        refs[i] = NULL;
    }
}

static void await_silence(void)
{
    while (stats().channels > 0 || stats().sockets > 0)
        pinion_test_run(test); /* work comes back from its threads */
}

static void run_sequence(uint64_t seed)
{
    pinion_test_client *clients[CLIENTS] = { NULL };
    source.state = seed * UINT64_C(0x9e3779b97f4a7c15);
    for (int i = 0; i < OPERATIONS; i++)
        operate(clients);
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (clients[i])
            pinion_test_disconnect(clients[i]);
    }
    await_silence();
    assert_int_equal(stats().topics, 0);
    assert_int_equal(made, destroyed);
    assert_int_equal(joined, terminated);
    assert_int_equal(works, dones);
    free_refs();
}

static void whatever_happens_nothing_is_left(void **state)
{
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        print_message("seed %llu\n",
                      (unsigned long long)seed); /* the last one printed is the one that failed */
        assert_int_equal(setup(state), 0);
        run_sequence(seed);
        teardown(state);
    }
    print_message("%d channels, %d joined, %d works\n", made, joined, works);
    assert_true(joined > 5 * SEQUENCES && 2 * works > 5 * SEQUENCES); /* it was no empty show */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whatever_happens_nothing_is_left) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
