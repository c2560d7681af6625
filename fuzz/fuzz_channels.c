/* Whatever clients send and channels do, in any order: when the clients have gone nothing is left, terminate
 * ran once for each channel that had joined, and every state was destroyed once. What is sent to a client it
 * can read.
 *
 * The input is a list of operations: a letter 'a' to 'p' (any byte, modulo 16), and its arguments: digits,
 * and scripts for scripted_channel.h, which are a digit for the length and that many letters. So a corpus can
 * be written by hand: "a0020" connects client 0 as users:2, "d0110" has it join room:1.
 *
 * Fuzzes in part: src/engine/dispatch.c src/engine/join.c src/engine/handle.c src/engine/channel.c
 *   src/engine/fanout.c src/engine/promise.c src/engine/mail.c src/engine/work.c; no topic waits for a
 * broker, all runs on one loop, and what is only logged is not written */
#include "proto/json_scan.h"
#include "scripted_channel.h"
#include <pinion/testing.h>
#include <sched.h>

#define CLIENTS 4
#define TOPICS  3

static const pinion_socket_options options = { .max_channels = 2 };

static struct {
    pinion_test *test;
    struct client {
        pinion_test_client *handle; /* NULL: not connected */
        bool v1;
    } clients[CLIENTS];
    struct input input;
} world;

static char read_letter(void)
{
    return (char)('a' + (input_byte(&world.input) + 15) % 16);
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

static struct client *pick_client(void)
{
    return &world.clients[read_number(CLIENTS)];
}

static pinion_stats stats(void)
{
    pinion_stats now;
    pinion_endpoint_stats(pinion_test_endpoint(world.test), &now);
    return now;
}

/* ---- what a client receives ---- */

/* Kinds of binary frames, and how many strings each has. */
static void check_binary_frame(const char *bytes, size_t len)
{
    static const size_t strings[] = { 3, 4, 2 };
    REQUIRE(len > 0 && (uint8_t)bytes[0] < 3);
    size_t count = strings[(uint8_t)bytes[0]], size = 1 + count;
    REQUIRE(len >= size);
    for (size_t i = 0; i < count; i++)
        size += (uint8_t)bytes[1 + i];
    REQUIRE(len >= size);
}

static void check_text_frame(const struct client *client, const char *bytes, size_t len)
{
    static const char *const names[] = { "event", "payload", "ref", "topic" };
    struct pinion_json_value values[5];
    bool found[4];
    if (client->v1)
        REQUIRE(pinion__json_scan_object(pinion__slice(bytes, len), PINION_JSON_DEPTH, names, values, found,
                                         4) == 0 &&
                found[0] && found[1] && found[2] && found[3]);
    else
        REQUIRE(pinion__json_scan_array(pinion__slice(bytes, len), PINION_JSON_DEPTH, values, 5) == 0);
}

static void read_frames(const struct client *client)
{
    bool binary;
    const char *bytes;
    size_t len;
    while (client->handle && pinion_test_frames(client->handle) > 0) {
        REQUIRE(pinion_test_next_frame(client->handle, &binary, &bytes, &len) == 0);
        REQUIRE(!binary || !client->v1);
        if (binary)
            check_binary_frame(bytes, len);
        else
            check_text_frame(client, bytes, len);
    }
}

/* ---- what a client does ---- */

static void disconnect_client(struct client *client)
{
    read_frames(client);
    if (client->handle)
        pinion_test_disconnect(client->handle);
    client->handle = NULL;
}

static void connect_client(struct client *client)
{
    static const char *const versions[] = { "2.0.0", "1.0.0", "2.0.7", "3.0.0" };
    char query[64], script[SCRIPT_MAX + 1];
    unsigned version = read_number(4);
    unsigned id = read_number(3);
    read_script(script);
    if (client->handle && pinion_test_close_code(client->handle) == 0)
        return;
    disconnect_client(client);
    snprintf(query, sizeof query, "vsn=%s&id=%u&script=%s", versions[version], id, script);
    client->v1 = version == 1;
    int rc = pinion_test_connect(world.test, &scripted_socket, &options, query, &client->handle);
    REQUIRE(rc == 0 || rc == PINION_EACCES);
}

/* The refs are few, so that they match at times. */
static void send_event(const struct client *client, const char *event)
{
    char text[256], join_ref[16] = "null", script[SCRIPT_MAX + 1];
    unsigned topic = read_number(TOPICS);
    unsigned refs = read_number(10);
    read_script(script);
    if (!client->handle)
        return;
    if (refs % 2)
        snprintf(join_ref, sizeof join_ref, "\"%u\"", refs / 2);
    snprintf(
        text, sizeof text,
        client->v1
            ? "{\"join_ref\":%s,\"ref\":\"%u\",\"topic\":\"room:%u\",\"event\":\"%s\",\"payload\":\"%s\"}"
            : "[%s,\"%u\",\"room:%u\",\"%s\",\"%s\"]",
        join_ref, refs / 2, topic, event, script);
    pinion_test_send_frame(client->handle, false, text, strlen(text));
}

static void send_binary_event(const struct client *client)
{
    char frame[64], script[SCRIPT_MAX + 1];
    unsigned topic = read_number(TOPICS);
    unsigned ref = read_number(5);
    read_script(script);
    int len = snprintf(frame, sizeof frame, "%c\001\001\006\002%u%uroom:%udo%s", 0, ref, ref, topic, script);
    if (client->handle)
        pinion_test_send_frame(client->handle, true, frame, (size_t)len);
}

static void send_raw(const struct client *client, bool binary)
{
    struct pinion_slice bytes = input_bytes(&world.input, read_number(256));
    if (client->handle)
        pinion_test_send_frame(client->handle, binary, bytes.ptr, bytes.len);
}

static void send_heartbeat(const struct client *client)
{
    const char *text = client->v1
                           ? "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":\"1\"}"
                           : "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
    if (client->handle)
        pinion_test_send_frame(client->handle, false, text, strlen(text));
}

/* ---- what others do ---- */

static void broadcast(const char *format, unsigned names, const char *event)
{
    char topic[32], script[SCRIPT_MAX + 1];
    snprintf(topic, sizeof topic, format, read_number(names));
    read_script(script);
    pinion_endpoint_broadcast(pinion_test_endpoint(world.test), topic, event, scripted_payload(script));
    pinion_test_run(world.test);
}

static void use_ref(void)
{
    char script[SCRIPT_MAX + 1];
    unsigned index = read_number(SCRIPT_REFS);
    char letter = read_letter();
    read_script(script);
    scripted_use_ref(index, letter, script);
    pinion_test_run(world.test);
}

/* False when there is no work under way. */
static bool finish_work(void)
{
    size_t dones = scripted_counts.dones;
    if (!scripted_release_work())
        return false;
    while (scripted_counts.dones == dones) {
        sched_yield();
        pinion_test_run(world.test);
    }
    return true;
}

static void operate(void)
{
    switch (read_letter()) {
    case 'a':
    case 'b':
        connect_client(pick_client());
        break;
    case 'c':
        disconnect_client(pick_client());
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
        broadcast("room:%u", TOPICS, "intercepted");
        break;
    case 'l':
        broadcast("news", 1, "flash");
        break;
    case 'm':
        broadcast("users:%u", 3, "disconnect");
        break;
    case 'n':
        use_ref();
        break;
    case 'o':
        finish_work();
        break;
    default:
        send_heartbeat(pick_client());
        pinion_test_advance(world.test, 1000u * read_number(256));
        break;
    }
}

/* ---- from nothing to nothing ---- */

static void begin(const uint8_t *data, size_t size)
{
    pinion_log_set_level(PINION_LOG_NONE);
    memset(&world, 0, sizeof world);
    scripted_reset();
    world.input = (struct input){ data, size };
    REQUIRE(pinion_test_new(&world.test) == 0);
}

static void check_balance(void)
{
    pinion_stats now = stats();
    const struct scripted_counts *counts = &scripted_counts;
    REQUIRE(now.connections == 0 && now.sockets == 0 && now.channels == 0 && now.topics == 0);
    REQUIRE(now.dropped == 0 && now.slow_closed == 0);
    REQUIRE(counts->states_made == counts->states_destroyed);
    REQUIRE(counts->joined == counts->terminated);
    REQUIRE(counts->works == counts->dones);
    REQUIRE(counts->data_sent == counts->data_destroyed);
}

/* Nothing waits any more: inboxes are empty, and whoever is connected gets an answer. */
static void check_nothing_waits(void)
{
    REQUIRE(scripted_counts.data_sent == scripted_counts.data_destroyed);
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &world.clients[i];
        read_frames(client);
        send_heartbeat(client);
        REQUIRE(!client->handle || pinion_test_frames(client->handle) > 0 ||
                pinion_test_close_code(client->handle) != 0);
    }
}

static void settle(void)
{
    while (finish_work() || scripted_drop_refs())
        pinion_test_run(world.test);
}

static void end(void)
{
    settle();
    check_nothing_waits();
    for (size_t i = 0; i < CLIENTS; i++)
        disconnect_client(&world.clients[i]);
    settle();
    check_balance();
    pinion_test_free(world.test);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin(data, size);
    while (world.input.left > 0) {
        operate();
        for (size_t i = 0; i < CLIENTS; i++)
            read_frames(&world.clients[i]);
    }
    end();
    return 0;
}
