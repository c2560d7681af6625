/* What goes to other nodes and comes from them, on an adapter whose every move the test makes. */
#include "pubsub/pubsub.h"
#include <pinion/error.h>
#include <pinion/log.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/slices.h"

static struct fake {
    pinion_pubsub_adapter base;
    const char *name;
    const pinion_pubsub_events *events;
    void *core;
    int status; /* what start and the sending functions answer */
    unsigned starts, stops, frees, sends;
    char topic[16];
    char to[16];
    char bytes[4096];
    size_t len;
    uint64_t ticket;
} fake;

static const char *fake_id(const pinion_pubsub_adapter *adapter)
{
    return fake.name;
}

static int fake_start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core,
                      char *why, size_t why_size)
{
    fake.starts++;
    fake.events = events;
    fake.core = core;
    if (fake.status)
        snprintf(why, why_size, "no such broker");
    return fake.status;
}

static int keep(const char *topic, const char *to, const void *bytes, size_t length)
{
    fake.sends++;
    snprintf(fake.topic, sizeof fake.topic, "%s", topic ? topic : "(all)");
    snprintf(fake.to, sizeof fake.to, "%s", to ? to : "(all)");
    assert_in_range(length, 1, sizeof fake.bytes);
    memcpy(fake.bytes, bytes, length);
    fake.len = length;
    return fake.status;
}

static int fake_broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    return keep(topic, NULL, bytes, length);
}

static int fake_send(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    return keep(NULL, node, bytes, length);
}

static int fake_subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    snprintf(fake.topic, sizeof fake.topic, "%s", topic);
    fake.ticket = ticket;
    return fake.status;
}

static void fake_unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
}

static void fake_stop(pinion_pubsub_adapter *adapter)
{
    fake.stops++;
}

static void fake_free(pinion_pubsub_adapter *adapter)
{
    fake.frees++;
}

static const pinion_pubsub_ops fake_ops = {
    .size = sizeof fake_ops,
    .name = "fake",
    .node_id = fake_id,
    .start = fake_start,
    .broadcast = fake_broadcast,
    .send = fake_send,
    .stop = fake_stop,
    .free = fake_free,
};

/* One that brings what is subscribed to alone. */
static const pinion_pubsub_ops topic_ops = {
    .size = sizeof(pinion_pubsub_ops),
    .name = "fake",
    .node_id = fake_id,
    .start = fake_start,
    .broadcast = fake_broadcast,
    .send = fake_send,
    .subscribe = fake_subscribe,
    .unsubscribe = fake_unsubscribe,
    .stop = fake_stop,
    .free = fake_free,
};

static struct pinion_pubsub pubsub;
static struct pinion_pubsub_loop loop;
static struct pinion_scheduler *scheduler;
static struct pinion_subscriber subscriber;
static char heard[256];
static uint64_t last_from;
static char logged[4096];

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    size_t len = strlen(logged);
    snprintf(logged + len, sizeof logged - len, "%s\n", line);
}

static unsigned count_logged(const char *words)
{
    unsigned count = 0;
    for (const char *at = logged; (at = strstr(at, words)); at++)
        count++;
    return count;
}

static void wake(void *context)
{
}

static void deliver(void *context, struct pinion_topic *topic, struct pinion_broadcast *broadcast)
{
    size_t len;
    const char *bytes = pinion_payload_bytes(broadcast->payload, &len);
    bool binary = pinion_payload_kind(broadcast->payload) == PINION_PAYLOAD_BINARY;
    last_from = broadcast->from;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s%.*s ", broadcast->event.ptr,
             binary ? "=" : ":", (int)len, bytes);
}

static void subscribe(const char *name)
{
    struct pinion_topic *topic = pinion__topic_hold(&loop.registry, pinion__slice_str(name));
    assert_non_null(topic);
    assert_int_equal(pinion__topic_subscribe(topic, &subscriber), 0);
    pinion__topic_drop(topic);
}

static void begin_loop(void)
{
    heard[0] = '\0';
    memset(&fake, 0, sizeof fake);
    fake.base.ops = &fake_ops;
    fake.name = "here";
    logged[0] = '\0';
    pinion_log_set_function(keep_line, NULL);
    assert_int_equal(pinion__pubsub_init(&pubsub), 0);
    assert_int_equal(pinion__scheduler_new(&scheduler, SIZE_MAX, wake, NULL, NULL, NULL), 0);
    assert_int_equal(pinion__pubsub_add_loop(&pubsub, &loop, scheduler, deliver, NULL), 0);
}

static int begin(void **state)
{
    begin_loop();
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), 0);
    assert_int_equal(pinion__pubsub_start(&pubsub), 0);
    fake.events->connection(fake.core, true, "to nowhere");
    subscribe("room");
    return 0;
}

static int begin_without(void **state)
{
    begin_loop();
    return 0;
}

static int begin_by_topic(void **state)
{
    begin_loop();
    fake.base.ops = &topic_ops;
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), 0);
    return pinion__pubsub_start(&pubsub);
}

static int finish(void **state)
{
    pinion__pubsub_stop(&pubsub);
    pinion__scheduler_close(scheduler);
    pinion__topic_unsubscribe(&subscriber);
    pinion__pubsub_release(&pubsub);
    pinion__scheduler_unref(scheduler);
    pinion_log_set_function(NULL, NULL);
    return 0;
}

static void broadcast(const char *topic, const char *event, pinion_payload *payload)
{
    struct pinion_broadcast *made;
    assert_int_equal(pinion__broadcast_new(&made, 77, topic, event, payload), 0);
    pinion__pubsub_broadcast(&pubsub, &loop, made);
    pinion__broadcast_unref(made);
}

/* What another node sends. */
static void arrive(struct pinion_envelope envelope)
{
    char *bytes = malloc(pinion__envelope_size(&envelope));
    assert_non_null(bytes);
    pinion__envelope_write(&envelope, bytes);
    fake.events->received(fake.core, bytes, pinion__envelope_size(&envelope));
    free(bytes);
    pinion__scheduler_turn(scheduler);
}

static struct pinion_envelope from_there(uint64_t sequence, const char *topic, pinion_payload_type type,
                                         const char *payload)
{
    return (struct pinion_envelope){
        .kind = PINION_ENVELOPE_BROADCAST,
        .node = pinion__slice_str("there"),
        .incarnation = 1,
        .sequence = sequence,
        .broadcast = { .topic = pinion__slice_str(topic),
                       .event = pinion__slice_str("e"),
                       .type = type,
                       .payload = pinion__slice_str(payload) },
    };
}

static size_t load(atomic_uint_fast64_t *counter)
{
    return atomic_load(counter);
}

static void a_broadcast_goes_out_once_and_is_delivered_here(void **state)
{
    struct pinion_envelope envelope;
    broadcast("room", "e", pinion_json("[i]", 1));
    assert_int_equal(last_from, 77);
    assert_string_equal(heard, "e:[1] ");
    assert_int_equal(fake.sends, 1);
    assert_string_equal(fake.topic, "room");
    assert_int_equal(pinion__envelope_read(pinion__slice(fake.bytes, fake.len), &envelope), 0);
    assert_slice(envelope.node, "here");
    assert_slice(envelope.broadcast.payload, "[1]");
    assert_int_equal(envelope.sequence, 1);
    fake.events->received(fake.core, fake.bytes, fake.len); /* its own: dropped */
    pinion__scheduler_turn(scheduler);
    assert_string_equal(heard, "e:[1] ");
    assert_int_equal(load(&pubsub.remote->refused), 0);
    assert_int_equal(load(&pubsub.remote->sent), 1);
}

static void disconnect_goes_to_every_node(void **state)
{
    broadcast("room", "disconnected", pinion_json("{}"));
    assert_string_equal(fake.topic, "room");
    broadcast("room", "disconnect", pinion_json("{}"));
    assert_string_equal(fake.topic, "(all)");
    assert_int_equal(fake.sends, 2);
}

static void what_comes_is_published_here_only(void **state)
{
    arrive(from_there(1, "room", PINION_PAYLOAD_JSON, " { \"a\" : 1 } "));
    arrive(from_there(2, "room", PINION_PAYLOAD_BINARY, "raw"));
    arrive(from_there(3, "elsewhere", PINION_PAYLOAD_JSON, "{}"));
    assert_string_equal(heard, "e:{\"a\":1} e=raw ");
    assert_int_equal(last_from, 0); /* whom it leaves out is on its own node */
    assert_int_equal(fake.sends, 0);
    assert_int_equal(load(&pubsub.remote->received), 3);
}

static void nothing_comes_twice(void **state)
{
    arrive(from_there(2, "room", PINION_PAYLOAD_JSON, "2"));
    arrive(from_there(2, "room", PINION_PAYLOAD_JSON, "2"));
    arrive(from_there(1, "room", PINION_PAYLOAD_JSON, "1"));
    arrive(from_there(1, "room", PINION_PAYLOAD_JSON, "1"));
    assert_string_equal(heard, "e:2 e:1 ");
    assert_int_equal(load(&pubsub.remote->refused), 2);
}

static void what_cannot_be_read_is_refused_and_said_once(void **state)
{
    fake.events->received(fake.core, "\x07", 1);
    fake.events->received(fake.core, NULL, 0);
    arrive(from_there(1, "room", PINION_PAYLOAD_JSON, "{no json"));
    arrive(from_there(2, "room", PINION_PAYLOAD_JSON, "{}"));
    assert_string_equal(heard, "e:{} ");
    assert_int_equal(load(&pubsub.remote->refused), 3);
    assert_int_equal(count_logged("refused"), 1);
}

static void what_the_adapter_does_not_take_is_counted_and_said_once(void **state)
{
    fake.status = PINION_EBUSY;
    broadcast("room", "e", NULL);
    broadcast("room", "e", NULL);
    fake.events->lost(fake.core, 5);
    assert_int_equal(load(&pubsub.remote->lost), 7);
    assert_int_equal(load(&pubsub.remote->sent), 0);
    assert_int_equal(count_logged("are lost"), 1);
    assert_string_equal(heard, "e:{} e:{} "); /* here it goes on */
}

static void a_change_of_the_connection_is_said_once(void **state)
{
    assert_int_equal(count_logged("is connected: to nowhere"), 1);
    fake.events->connection(fake.core, true, "again");
    fake.events->connection(fake.core, false, "gone");
    fake.events->connection(fake.core, false, "still gone");
    assert_int_equal(count_logged("again"), 0);
    assert_int_equal(count_logged("cut off"), 1);
    fake.status = PINION_EBUSY;
    broadcast("room", "e", NULL);
    assert_int_equal(count_logged("are lost"), 0); /* that was said */
    fake.events->connection(fake.core, true, "back");
    assert_int_equal(count_logged("is connected"), 2);
}

static struct {
    char node[16];
    char bytes[16];
    unsigned calls;
} told;

static void receive(void *context, struct pinion_slice node, struct pinion_slice bytes)
{
    assert_ptr_equal(context, &told);
    told.calls++;
    snprintf(told.node, sizeof told.node, "%.*s", (int)node.len, node.ptr);
    snprintf(told.bytes, sizeof told.bytes, "%.*s", (int)bytes.len, bytes.ptr);
}

static void each_kind_has_a_receiver(void **state)
{
    struct pinion_envelope envelope = { .kind = PINION_ENVELOPE_PRESENCE,
                                        .node = pinion__slice_str("there"),
                                        .incarnation = 1,
                                        .sequence = 1,
                                        .body = pinion__slice_str("who is there") };
    memset(&told, 0, sizeof told);
    pinion__pubsub_receive(&pubsub, PINION_ENVELOPE_PRESENCE, receive, &told);
    arrive(envelope);
    assert_int_equal(told.calls, 1);
    assert_string_equal(told.node, "there");
    assert_string_equal(told.bytes, "who is there");
    envelope.kind = PINION_ENVELOPE_LONGPOLL; /* for nobody here */
    envelope.sequence = 2;
    arrive(envelope);
    assert_int_equal(told.calls, 1);
}

static void bytes_go_to_one_node_or_to_all(void **state)
{
    struct pinion_envelope envelope;
    struct pinion_slice bytes = pinion__slice_str("state");
    assert_int_equal(pinion__pubsub_send(&pubsub, PINION_ENVELOPE_PRESENCE, "there", bytes), 0);
    assert_string_equal(fake.to, "there");
    assert_int_equal(pinion__pubsub_send(&pubsub, PINION_ENVELOPE_PRESENCE, NULL, bytes), 0);
    assert_string_equal(fake.to, "(all)");
    assert_string_equal(fake.topic, "(all)");
    assert_int_equal(pinion__envelope_read(pinion__slice(fake.bytes, fake.len), &envelope), 0);
    assert_int_equal(envelope.kind, PINION_ENVELOPE_PRESENCE);
    assert_slice(envelope.body, "state");
    assert_int_equal(envelope.sequence, 2);
}

static void two_nodes_of_one_name_are_noticed(void **state)
{
    struct pinion_envelope envelope = from_there(1, "room", PINION_PAYLOAD_JSON, "{}");
    envelope.node = pinion__slice_str("here");
    arrive(envelope);
    envelope.sequence = 2;
    arrive(envelope);
    assert_int_equal(count_logged("is also named here"), 1);
    assert_string_equal(heard, "e:{} e:{} ");
}

/* It would be taken for what this node says of itself. */
static void but_what_they_say_of_nodes_is_not_taken(void **state)
{
    struct pinion_envelope envelope = { .kind = PINION_ENVELOPE_PRESENCE,
                                        .node = pinion__slice_str("here"),
                                        .incarnation = 1,
                                        .sequence = 1,
                                        .body = pinion__slice_str("who is there") };
    memset(&told, 0, sizeof told);
    pinion__pubsub_receive(&pubsub, PINION_ENVELOPE_PRESENCE, receive, &told);
    for (; envelope.sequence < 100; envelope.sequence++)
        arrive(envelope);
    assert_int_equal(told.calls, 0);
    assert_int_equal(count_logged("is also named here"), 1);
    assert_int_equal(atomic_load(&pubsub.remote->refused), 99);
}

static char departed[64];

static void note_node(void *context, const char *node, bool up)
{
    size_t len = strlen(departed);
    snprintf(departed + len, sizeof departed - len, "%c%s ", up ? '+' : '-', node);
}

static void a_node_that_has_gone_is_told_of(void **state)
{
    departed[0] = '\0';
    pinion__pubsub_watch(&pubsub, PINION_ENVELOPE_LONGPOLL, note_node, NULL);
    assert_false(pinion__pubsub_has_gone(&pubsub, "there"));
    fake.events->node(fake.core, "there", true);
    fake.events->node(fake.core, "there", false);
    assert_true(pinion__pubsub_has_gone(&pubsub, "there"));
    fake.events->node(fake.core, "there", true);
    assert_false(pinion__pubsub_has_gone(&pubsub, "there"));
    assert_string_equal(departed, "+there -there +there ");
}

static void nothing_is_sent_before_the_start_and_after_the_end(void **state)
{
    struct pinion_slice bytes = pinion__slice_str("x");
    assert_int_equal(pinion__pubsub_send(&pubsub, PINION_ENVELOPE_PRESENCE, NULL, bytes), PINION_ECLOSED);
    assert_int_equal(pinion__pubsub_start(&pubsub), 0);
    assert_false(pinion__pubsub_has_adapter(&pubsub));
    assert_string_equal(pinion__pubsub_node(&pubsub), "");

    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), 0);
    assert_true(pinion__pubsub_has_adapter(&pubsub));
    assert_string_equal(pinion__pubsub_node(&pubsub), "here");
    assert_true(pubsub.remote->incarnation > UINT64_C(1000000000) * 1000000);
    broadcast("room", "e", NULL);
    assert_int_equal(pinion__pubsub_start(&pubsub), 0);
    pinion__pubsub_stop(&pubsub);
    pinion__pubsub_stop(&pubsub);
    broadcast("room", "e", NULL);
    assert_int_equal(fake.sends, 0);
    assert_int_equal(fake.starts, 1);
    assert_int_equal(fake.stops, 1);
}

static void a_start_that_fails_says_why(void **state)
{
    fake.status = PINION_EACCES;
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), 0);
    assert_int_equal(pinion__pubsub_start(&pubsub), PINION_EACCES);
    assert_string_equal(pinion_error_detail(), "pubsub fake: no such broker");
    pinion__pubsub_stop(&pubsub);
    assert_int_equal(fake.stops, 0);
}

static void a_node_needs_a_name(void **state)
{
    fake.name = "";
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), PINION_EINVAL);
    assert_int_equal(fake.frees, 1);
    fake.name = "a\nb";
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), PINION_EINVAL);
    assert_int_equal(fake.frees, 2);
    assert_false(pinion__pubsub_has_adapter(&pubsub));
}

static void an_adapter_says_how_long_its_table_is(void **state)
{
    pinion_pubsub_ops ops = fake_ops;
    fake.base.ops = &ops;
    ops.size = 0; /* not said: what is in it cannot be known */
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "sizeof(pinion_pubsub_ops)"));
    assert_int_equal(fake.frees, 0);
    ops = fake_ops;
    ops.send = NULL;
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), PINION_EINVAL);
    assert_int_equal(fake.frees, 1);
    ops = fake_ops;
    ops.unsubscribe = fake_unsubscribe;
    assert_int_equal(pinion__pubsub_attach(&pubsub, &fake.base), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "neither"));
    assert_int_equal(fake.frees, 2);
    assert_false(pinion__pubsub_has_adapter(&pubsub));
}

static bool is_known(void)
{
    return pinion__topic_is_known(subscriber.topic);
}

static void a_subscription_waits_to_be_confirmed(void **state)
{
    subscribe("room");
    assert_string_equal(fake.topic, "room");
    assert_false(is_known());
    pinion__topic_unsubscribe(&subscriber);
}

/* Also where the adapter was built with the header of before, in which the number had another name. */
static void without_a_connection_nobody_waits_for_it(void **state)
{
    fake.status = PINION_ENOTCONN;
    subscribe("room");
    assert_true(is_known());
    pinion__topic_unsubscribe(&subscriber);
    fake.status = -15;
    subscribe("room");
    assert_true(is_known());
    pinion__topic_unsubscribe(&subscriber);
    fake.status = 0;
}

#define CONNECTED(name)   cmocka_unit_test_setup_teardown(name, begin, finish)
#define UNCONNECTED(name) cmocka_unit_test_setup_teardown(name, begin_without, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_broadcast_goes_out_once_and_is_delivered_here),
        CONNECTED(disconnect_goes_to_every_node),
        CONNECTED(what_comes_is_published_here_only),
        CONNECTED(nothing_comes_twice),
        CONNECTED(what_cannot_be_read_is_refused_and_said_once),
        CONNECTED(what_the_adapter_does_not_take_is_counted_and_said_once),
        CONNECTED(a_change_of_the_connection_is_said_once),
        CONNECTED(each_kind_has_a_receiver),
        CONNECTED(bytes_go_to_one_node_or_to_all),
        CONNECTED(two_nodes_of_one_name_are_noticed),
        CONNECTED(but_what_they_say_of_nodes_is_not_taken),
        CONNECTED(a_node_that_has_gone_is_told_of),
        cmocka_unit_test_setup_teardown(a_subscription_waits_to_be_confirmed, begin_by_topic, finish),
        cmocka_unit_test_setup_teardown(without_a_connection_nobody_waits_for_it, begin_by_topic, finish),
        UNCONNECTED(nothing_is_sent_before_the_start_and_after_the_end),
        UNCONNECTED(a_start_that_fails_says_why),
        UNCONNECTED(a_node_needs_a_name),
        UNCONNECTED(an_adapter_says_how_long_its_table_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
