#include "scripted_client.h"
#include "proto/json_scan.h"
#include "tests/helpers/shortage.h"
#include <pinion/pinion.h>

#define MESSAGES_MAX 8192

static unsigned last_number;
static bool replied[MESSAGES_MAX];

/* ---- connecting ---- */

void scripted_client_connect(struct scripted_client *client, struct pinion_shard *shard,
                             const struct pinion_mount *mount, const char *vsn, unsigned id,
                             const char *script)
{
    char text[16];
    snprintf(text, sizeof text, "%u", id);
    *client = (struct scripted_client){ .exists = true, .v1 = vsn[0] == '1' };
    shortage_spare(true);
    pinion_payload *params = pinion_json("{s:s, s:s, s:s}", "vsn", vsn, "id", text, "script", script);
    shortage_spare(false);
    if (pinion__loopback_connect(&client->connection, shard, mount, params, NULL) != 0 &&
        client->connection.connect_status != PINION_EPENDING)
        client->connection.closed = true;
    pinion_payload_unref(params);
}

void scripted_client_disconnect(struct scripted_client *client)
{
    if (client->exists)
        pinion__loopback_disconnect(&client->connection);
}

void scripted_client_release(struct scripted_client *client)
{
    if (client->exists)
        pinion__loopback_release(&client->connection);
    client->exists = false;
}

bool scripted_client_is_there(const struct scripted_client *client)
{
    return client->exists && client->connection.socket && !client->connection.closed;
}

/* ---- what it sends ---- */

/* True when it is on its way. */
static bool send(struct scripted_client *client, bool binary, struct pinion_slice bytes)
{
    int opcode = binary ? PINION_OPCODE_BINARY : PINION_OPCODE_TEXT;
    return client->exists && pinion__loopback_send(&client->connection, opcode, bytes) == 0;
}

void scripted_client_send_bytes(struct scripted_client *client, bool binary, struct pinion_slice bytes)
{
    (void)send(client, binary, bytes);
}

void scripted_client_send(struct scripted_client *client, const char *event, unsigned topic,
                          const char *join_ref, const char *script)
{
    char text[256];
    unsigned number = ++last_number, before = client->joins[topic];
    bool join = strcmp(event, "phx_join") == 0;
    REQUIRE(number < MESSAGES_MAX);
    snprintf(
        text, sizeof text,
        client->v1
            ? "{\"join_ref\":%s,\"ref\":\"n%u\",\"topic\":\"room:%u\",\"event\":\"%s\",\"payload\":\"%s\"}"
            : "[%s,\"n%u\",\"room:%u\",\"%s\",\"%s\"]",
        join_ref, number, topic, event, script);
    if (join)
        client->joins[topic] = number;
    if (!send(client, false, pinion__slice_str(text)))
        client->joins[topic] = before;
}

void scripted_client_heartbeat(struct scripted_client *client)
{
    const char *text = client->v1
                           ? "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":\"1\"}"
                           : "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
    if (send(client, false, pinion__slice_str(text)))
        client->heartbeats++;
}

/* ---- what it gets ---- */

/* The strings as they come: in a text frame they are JSON. */
struct message {
    bool reply;
    struct pinion_slice ref, topic, payload;
};

/* The kinds of binary frames: push, reply, broadcast. */
static struct message read_binary(struct pinion_slice frame)
{
    static const size_t counts[] = { 3, 4, 2 };
    struct pinion_slice strings[4] = { { NULL, 0 } };
    REQUIRE(frame.len > 0 && (uint8_t)frame.ptr[0] < 3);
    unsigned kind = (uint8_t)frame.ptr[0];
    size_t end = 1 + counts[kind];
    for (size_t i = 0; i < counts[kind]; i++) {
        REQUIRE(frame.len >= end);
        strings[i] = pinion__slice(frame.ptr + end, (uint8_t)frame.ptr[1 + i]);
        end += strings[i].len;
    }
    REQUIRE(frame.len >= end);
    struct message message = { .reply = kind == 1,
                               .payload = pinion__slice(frame.ptr + end, frame.len - end) };
    if (message.reply) {
        message.ref = strings[1];
        message.topic = strings[2];
    }
    return message;
}

static struct message read_text(const struct scripted_client *client, struct pinion_slice text)
{
    static const char *const names[] = { "event", "payload", "ref", "topic" };
    struct pinion_json_value values[5];
    bool found[4];
    if (!client->v1) {
        REQUIRE(pinion__json_scan_array(text, PINION_JSON_DEPTH, values, 5) == 0);
        return (struct message){ pinion__slice_is(values[3].text, "\"phx_reply\""), values[1].text,
                                 values[2].text, values[4].text };
    }
    REQUIRE(pinion__json_scan_object(text, PINION_JSON_DEPTH, names, values, found, 4) == 0);
    REQUIRE(found[0] && found[1] && found[2] && found[3]);
    return (struct message){ pinion__slice_is(values[0].text, "\"phx_reply\""), values[2].text,
                             values[3].text, values[1].text };
}

/* The number of one of our refs, for example n17. 0: another ref. */
static unsigned number_of(struct pinion_slice ref)
{
    unsigned number = 0;
    const char *at = ref.len ? memchr(ref.ptr, 'n', ref.len) : NULL;
    while (at && ++at < ref.ptr + ref.len && *at >= '0' && *at <= '9' && number <= last_number)
        number = number * 10 + (unsigned)(*at - '0');
    return number <= last_number ? number : 0;
}

static void note_reply(struct scripted_client *client, const struct message *message)
{
    unsigned number = number_of(message->ref);
    if (pinion__slice_is(message->topic, "\"phoenix\"") && client->heartbeats > 0)
        client->heartbeats--;
    if (number == 0)
        return;
    REQUIRE(!replied[number]);
    replied[number] = true;
    for (unsigned topic = 0; topic < TOPICS; topic++) {
        if (client->joins[topic] == number)
            client->joins[topic] = 0;
    }
}

static void read_frame(struct scripted_client *client, bool binary, struct pinion_slice bytes)
{
    REQUIRE(!binary || !client->v1);
    struct message message = binary ? read_binary(bytes) : read_text(client, bytes);
    scripted_note(&client->heard, message.payload);
    if (message.reply)
        note_reply(client, &message);
}

void scripted_client_read(struct scripted_client *client)
{
    while (client->exists && !pinion__list_empty(&client->connection.sent)) {
        struct pinion_loopback_frame *own =
            PINION_CONTAINER_OF(client->connection.sent.next, struct pinion_loopback_frame, node);
        read_frame(client, own->frame->opcode == PINION_OPCODE_BINARY, pinion__frame_wire(own->frame));
        pinion__loopback_frame_free(own);
    }
}

void scripted_client_check(const struct scripted_client *client)
{
    if (!scripted_client_is_there(client))
        return;
    REQUIRE(client->connection.connect_status == 0);
    REQUIRE(client->heartbeats == 0);
    for (unsigned topic = 0; topic < TOPICS; topic++)
        REQUIRE(client->joins[topic] == 0);
}

void scripted_client_reset(void)
{
    memset(replied, 0, last_number + 1);
    last_number = 0;
}
