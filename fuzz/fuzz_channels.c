/* Clients send anything and channels do anything, in any order, with work, refs and broadcasts on other
 * threads and with any allocations failing. When the clients have gone, nothing is left, terminate ran once
 * for each channel that had joined, and every state was destroyed once. A client can read what it is sent, it
 * comes in order, and joins and heartbeats are answered, or the socket is closed. Refs may outlive their
 * endpoint.
 *
 * The input is a list of operations: a letter 'a' to 'z' (any byte, modulo 26), and its arguments: digits,
 * and scripts for scripted_channel.h, which are a digit for the length and that many letters. So a corpus can
 * be written by hand: "a0020" connects client 0 as users:2, "d0110" has it join room:1.
 *
 * Fuzzes: src/engine/dispatch.c src/engine/join.c src/engine/late_join.c src/engine/handle.c
 *   src/engine/channel.c src/engine/channel_end.c src/engine/channel_timer.c
 *   src/engine/channel_subscription.c src/engine/reply.c src/engine/promise.c src/engine/mail.c
 *   src/engine/mail_kinds.c src/engine/work.c src/engine/ref.c src/engine/info.c
 *   src/actor/actor.c src/actor/names.c src/actor/mail.c src/actor/call.c src/actor/call_end.c
 *   src/actor/handle.c src/actor/end.c src/actor/idle.c src/actor/monitor.c src/actor/timer.c
 *   src/actor/subscription.c src/actor/work.c
 *   src/engine/anchor.c src/engine/subscription.c src/base/wheel.c src/base/scheduler.c */
#include "actor/check.h"
#include "elsewhere.h"
#include "engine/check.h"
#include "engine/sweep.h"
#include "scripted_actor.h"
#include "scripted_broker.h"
#include "scripted_channel.h"
#include "scripted_client.h"
#include "scripted_refs.h"
#include "scripted_work.h"
#include "testing/kit.h"
#include "tests/helpers/shortage.h"

#define CLIENTS        4
#define TURN_CALLBACKS 10000 /* in one turn of the loop */
#define WORK_MOST      500000
#define TURNS_MAX      100 /* until nothing is due */

static const pinion_socket_options options = { .max_channels = 2, .max_timers = 8 };

static struct {
    pinion_test *test;
    struct pinion_mount mount;
    struct scripted_client clients[CLIENTS];
    pinion_subscription *subscription;
    bool broker;
    unsigned held; /* acts that no turn of the loop has followed yet */
    struct input input;
} world;

static pinion_endpoint *endpoint(void)
{
    return pinion_test_endpoint(world.test);
}

static char read_letter(void)
{
    return (char)('a' + (input_byte(&world.input) + 7) % 26);
}

/* '0' is 0, ':' is 10. */
static unsigned read_number(unsigned below)
{
    return (uint8_t)(input_byte(&world.input) - '0') % below;
}

static void read_script(char script[SCRIPT_MAX + 1])
{
    size_t len = read_number(SCRIPT_MAX + 1);
    for (size_t i = 0; i < len; i++)
        script[i] = read_letter();
    script[len] = '\0';
}

static struct scripted_client *pick_client(void)
{
    return &world.clients[read_number(CLIENTS)];
}

/* ---- the loop ---- */

static void read_all(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        scripted_client_read(&world.clients[i]);
}

static void run_loop(void)
{
    for (unsigned turns = 0;; turns++) {
        size_t callbacks = scripted_counts.callbacks;
        size_t before = work_so_far();
        bool more = pinion__scheduler_turn(world.test->scheduler) == 0;
        require_work_since(before, WORK_MOST);
        PINION_CHECK(pinion__shard_check(world.test->shard));
        PINION_CHECK(pinion__actors_check(world.test->shard));
        REQUIRE(scripted_counts.callbacks - callbacks <= TURN_CALLBACKS && turns < TURNS_MAX);
        if (!more)
            return;
    }
}

static void run_if_due(void)
{
    if (world.held > 0)
        world.held--;
    else
        run_loop();
    read_all();
}

/* ---- what clients do ---- */

static void connect_client(struct scripted_client *client)
{
    static const char *const versions[] = { "2.0.0", "1.0.0", "2.0.7", "3.0.0" };
    char script[SCRIPT_MAX + 1];
    unsigned version = read_number(4);
    unsigned id = read_number(3);
    read_script(script);
    if (scripted_client_is_there(client))
        return;
    scripted_client_disconnect(client);
    run_loop();
    scripted_client_read(client);
    scripted_client_release(client);
    scripted_client_connect(client, world.test->shard, &world.mount, versions[version], id, script);
}

/* There are few join_refs, so that they match at times. */
static void send_event(struct scripted_client *client, const char *event)
{
    char join_ref[16] = "null", script[SCRIPT_MAX + 1];
    unsigned topic = read_number(TOPICS);
    unsigned refs = read_number(10);
    read_script(script);
    if (refs % 2)
        snprintf(join_ref, sizeof join_ref, "\"%u\"", refs / 2);
    scripted_client_send(client, event, topic, join_ref, script);
}

static void send_binary_event(struct scripted_client *client)
{
    char frame[64], script[SCRIPT_MAX + 1];
    unsigned topic = read_number(TOPICS);
    unsigned ref = read_number(5);
    read_script(script);
    int len = snprintf(frame, sizeof frame, "%c\001\001\006\002%u%uroom:%udo%s", 0, ref, ref, topic, script);
    scripted_client_send_bytes(client, true, pinion__slice(frame, (size_t)len));
}

static void send_raw(struct scripted_client *client, bool binary)
{
    struct pinion_slice bytes = input_bytes(&world.input, read_number(256));
    char *copy = copy_exactly(bytes);
    scripted_client_send_bytes(client, binary, pinion__slice(copy, bytes.len));
    free(copy);
}

/* ---- what others do ---- */

struct broadcast {
    pinion_endpoint *endpoint;
    char topic[16];
    const char *event;
    char script[SCRIPT_MAX + 1];
};

static struct broadcast read_broadcast(const char *format, unsigned names, const char *event)
{
    struct broadcast broadcast = { .endpoint = endpoint(), .event = event };
    snprintf(broadcast.topic, sizeof broadcast.topic, format, read_number(names));
    read_script(broadcast.script);
    return broadcast;
}

static void broadcast(void *data)
{
    const struct broadcast *own = data;
    pinion_endpoint_broadcast(own->endpoint, own->topic, own->event, scripted_payload(own->script));
}

static void use_ref(bool there)
{
    char script[SCRIPT_MAX + 1];
    unsigned index = read_number(SCRIPT_REFS);
    char letter = read_letter();
    read_script(script);
    scripted_use_ref(index, letter, script, there);
}

static void hear(const char *topic, const char *event, const pinion_payload *payload, void *order)
{
    size_t len;
    const char *bytes = pinion_payload_bytes(payload, &len);
    scripted_note(order, pinion__slice(bytes, len));
}

static void free_subscription(void *data)
{
    pinion_subscription_free(*(pinion_subscription **)data, free);
}

static void end_subscription(bool there)
{
    pinion_subscription *subscription = world.subscription;
    world.subscription = NULL;
    if (there)
        elsewhere(free_subscription, &subscription, sizeof subscription);
    else
        free_subscription(&subscription);
}

static void begin_subscription(const char *topic)
{
    struct scripted_order *order = allocate(sizeof *order);
    *order = (struct scripted_order){ { 0, 0 } };
    int rc = pinion_endpoint_subscribe(endpoint(), topic, hear, order, &world.subscription);
    REQUIRE(rc == 0 || (rc == PINION_ENOMEM && scripted_short()));
    if (rc)
        free(order);
}

/* Begin to listen from outside, or stop: on this thread or on another. */
static void listen_or_not(void)
{
    unsigned how = read_number(4);
    if (!world.subscription)
        begin_subscription(how / 2 ? "news" : "room:1");
    else
        end_subscription(how % 2);
}

/* The broker says something about a topic, or about the connection. */
static void let_broker_speak(void)
{
    unsigned what = read_number(4);
    if (!world.broker)
        return;
    if (what < 2)
        (void)scripted_broker_answer(what == 0);
    else
        scripted_broker_connect(what == 2);
}

static void use_actor(void)
{
    char script[SCRIPT_MAX + 1];
    unsigned number = read_number(SCRIPT_ACTORS), how = read_number(16);
    read_script(script);
    scripted_actor_use(endpoint(), number, how % 8, script, how / 8);
}

static void make_memory_short(void)
{
    unsigned after = read_number(256);
    unsigned count = 1 + read_number(8);
    scripted_set_short();
    shortage_begin(after, count);
}

/* ---- from nothing to nothing ---- */

/* Without memory there is no endpoint; then try once more. */
static void begin_world(bool broker)
{
    int rc = pinion_test_new(&world.test, NULL);
    if (!rc) {
        rc = pinion__mount_init(&world.mount, "/test", &scripted_socket, &options);
        if (!rc && broker)
            rc = pinion__pubsub_attach(&pinion__hub_of(endpoint())->pubsub, scripted_broker());
        if (!rc && broker)
            rc = pinion__pubsub_start(&pinion__hub_of(endpoint())->pubsub);
        if (rc) {
            pinion__mount_release(&world.mount);
            pinion_test_free(world.test);
        }
    }
    if (rc) {
        REQUIRE(rc == PINION_ENOMEM && shortage_end() > 0);
        begin_world(broker);
        return;
    }
    world.broker = broker;
}

static void check_loop(void)
{
    const struct pinion_shard *shard = world.test->shard;
    struct pinion_scheduler *scheduler = world.test->scheduler;
    REQUIRE(!shard->callback && !pinion__sweep_first(shard) && pinion__list_empty(&shard->turns.waiting));
    REQUIRE(pinion__list_empty(&shard->pubsub.waiters));
    REQUIRE(pinion__task_queue_empty(&scheduler->ready) && pinion__task_queue_empty(&scheduler->posted) &&
            pinion__task_queue_empty(&scheduler->mailbox.queue));
    PINION_CHECK(pinion__wheel_check(&scheduler->wheel));
    PINION_CHECK(pinion__wheel_check(&scheduler->deadlines));
}

static void check_balance(bool stopped)
{
    pinion_stats now;
    const struct scripted_counts *counts = &scripted_counts;
    pinion_endpoint_stats(endpoint(), &now);
    REQUIRE(now.connections == 0 && now.sockets == 0 && now.channels == 0);
    stopped =
        stopped && (now.actors == 0 || !scripted_short()); /* without memory none is found by its name */
    REQUIRE(now.actors == 0 || !stopped);
    REQUIRE(!stopped || now.topics <= (world.subscription ? 1 : 0));
    REQUIRE(scripted_short() || now.dropped == 0);
    REQUIRE(now.slow_closed == 0);
    REQUIRE(counts->states_made == counts->states_destroyed);
    REQUIRE(counts->joined == counts->terminated);
    REQUIRE(counts->works == counts->dones && counts->works == counts->works_done);
    REQUIRE(counts->data_sent == counts->data_destroyed);
    check_loop();
}

/* The clients end first, or their channels' work does: so `done` finds its channel alive, or ended. */
static void end_world(bool work_first)
{
    while (work_first && scripted_work_do(0))
        continue;
    read_all();
    for (size_t i = 0; i < CLIENTS; i++)
        scripted_client_disconnect(&world.clients[i]);
    run_loop();
    while (scripted_work_do(0))
        run_loop();
    (void)scripted_actor_drop();
    run_loop();
    if (work_first)
        scripted_actor_stop_all(endpoint());
    run_loop();
    elsewhere_take_back(); /* nobody uses an endpoint while it is freed */
    pinion__pubsub_stop(&pinion__hub_of(endpoint())->pubsub);
    run_loop();
    for (size_t i = 0; i < CLIENTS; i++)
        scripted_client_release(&world.clients[i]);
    check_balance(work_first);
    pinion__mount_release(&world.mount);
    pinion_test_free(world.test); /* actors that were not stopped stop here */
    scripted_actor_check();
    scripted_refs_outlive();
}

static void begin_anew(void)
{
    unsigned how = read_number(4);
    end_world(how % 2);
    begin_world(how / 2);
}

/* ---- acts ---- */

static void act(void)
{
    struct broadcast own;
    switch (read_letter()) {
    case 'b':
        use_actor();
        break;
    case 'c':
        scripted_client_disconnect(pick_client());
        break;
    case 'd':
        send_event(pick_client(), "phx_join");
        break;
    case 'e':
        send_event(pick_client(), "phx_leave");
        break;
    case 'f':
        send_event(pick_client(), "do");
        break;
    case 'g':
        send_event(pick_client(), "nobody takes this");
        break;
    case 'h':
        send_binary_event(pick_client());
        break;
    case 'i':
        send_raw(pick_client(), false);
        break;
    case 'j':
        send_raw(pick_client(), true);
        break;
    case 'k':
        own = read_broadcast("room:%u", TOPICS, "intercepted");
        broadcast(&own);
        break;
    case 'l':
        own = read_broadcast("news", 1, "flash");
        broadcast(&own);
        break;
    case 'm':
        own = read_broadcast("users:%u", 3, "disconnect");
        broadcast(&own);
        break;
    case 'n':
        use_ref(false);
        break;
    case 'o':
        (void)scripted_work_do(0);
        break;
    case 'p':
        scripted_client_heartbeat(pick_client());
        pinion_test_advance(world.test, 1000u * read_number(256));
        break;
    case 'q':
        make_memory_short();
        break;
    case 'r':
        use_ref(true);
        break;
    case 's':
        scripted_free_ref(read_number(SCRIPT_REFS));
        break;
    case 't':
        pinion_test_advance(world.test, read_number(64));
        break;
    case 'u':
        world.held = 1 + read_number(8);
        break;
    case 'v':
        (void)scripted_work_do(read_number(8));
        break;
    case 'w':
        begin_anew();
        break;
    case 'x':
        listen_or_not();
        break;
    case 'y':
        own = read_broadcast("room:%u", TOPICS, "plain");
        elsewhere(broadcast, &own, sizeof own);
        break;
    case 'z':
        let_broker_speak();
        break;
    default:
        connect_client(pick_client());
        break;
    }
}

/* Everything that somebody waits for comes. What the loop does last may begin to wait for more. */
static void settle(void)
{
    bool more;
    do {
        run_loop();
        more = scripted_work_do(0);
        more = (world.broker && scripted_broker_answer(true)) || more;
        more = scripted_drop_refs() || more;
        more = scripted_actor_drop() || more;
    } while (more);
    read_all();
}

/* Inboxes are empty, and every connected client gets an answer. */
static void check_nothing_waits(void)
{
    REQUIRE(scripted_counts.data_sent == scripted_counts.data_destroyed);
    for (size_t i = 0; i < CLIENTS; i++)
        scripted_client_heartbeat(&world.clients[i]);
    run_loop();
    read_all();
    for (size_t i = 0; i < CLIENTS; i++)
        scripted_client_check(&world.clients[i]);
}

static void begin(const uint8_t *data, size_t size)
{
    pinion_log_set_level(PINION_LOG_NONE);
    memset(&world, 0, sizeof world);
    scripted_reset();
    scripted_client_reset();
    scripted_actor_reset();
    world.input = (struct input){ data, size };
    begin_world(false);
}

static void end(void)
{
    settle();
    check_nothing_waits();
    end_world(false);
    (void)shortage_end();
    if (world.subscription)
        end_subscription(false);
    (void)scripted_drop_refs();
    REQUIRE(scripted_work_waiting() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin(data, size);
    while (world.input.left > 0) {
        act();
        run_if_due();
    }
    end();
    return 0;
}
