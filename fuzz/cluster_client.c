/* See cluster_client.h. */
#include "cluster_client.h"
#include "cluster_node.h"
#include "fuzz.h"
#include "testing/loopback.h"
#include <string.h>

struct client {
    bool made; /* socket and channels exist */
    struct pinion_loopback connection;
    struct pinion_mount mount;
    unsigned refs;
    unsigned joined[TRACKED_TOPICS]; /* ref of the join; 0: none */
    struct view views[TRACKED_TOPICS];
    bool heard[NET_NUMBERS]; /* broadcasts */
};

static struct client clients[NET_NODES];

/* ---- the application ---- */

static unsigned node_of(const pinion_endpoint *endpoint)
{
    unsigned node = 0;
    while (node < NET_NODES && nodes[node].endpoint != endpoint)
        node++;
    REQUIRE(node < NET_NODES);
    return node;
}

static void free_number(void *number)
{
    free(number);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    unsigned *number = allocate(sizeof *number);
    *number = 0;
    pinion_channel_set_state(channel, number, free_number);
    return pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    unsigned node = node_of(pinion_channel_endpoint(channel));
    unsigned key = (unsigned)json_integer_value(pinion_payload_get(params, "key"));
    unsigned *number = pinion_channel_state(channel);
    *number = tracked_add(node, tracked_topic(pinion_channel_topic(channel)), key);
    if (*number)
        ok(pinion_presence_track(nodes[node].presence, channel, tracked_key_name(key),
                                 pinion_json("{s:i}", "n", (int)*number)));
    ok(pinion_presence_push_state(nodes[node].presence, channel));
    return pinion_noreply();
}

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    unsigned node = node_of(pinion_channel_endpoint(channel));
    unsigned number = node_number(node, tracked_topic(pinion_channel_topic(channel)));
    if (number)
        pinion_broadcast(channel, "said", pinion_json("{s:i}", "b", (int)number));
    return pinion_noreply();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    tracked_remove(*(unsigned *)pinion_channel_state(channel));
}

static int socket_id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "users:%u", node_of(pinion_socket_endpoint(socket)));
}

static const pinion_channel_def room = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "say", say }),
    .terminate = terminate,
};

static const pinion_socket_def user = { .channels = PINION_ROUTES({ "room:*", &room }), .id = socket_id };

/* ---- from the client ---- */

void client_connect(unsigned node)
{
    struct client *client = &clients[node];
    if (client->made)
        return;
    pinion_payload *params = pinion_json("{s:s}", "vsn", "2.0.0");
    memset(client, 0, sizeof *client);
    client->made = true;
    ok(pinion__mount_init(&client->mount, "/socket", &user, NULL));
    node_bind(node);
    ok(pinion__loopback_connect(&client->connection, pinion__hub_of(nodes[node].endpoint)->shards[0],
                                &client->mount, params, NULL));
    pinion_payload_unref(params);
}

static void forget_topic(struct client *client, unsigned topic)
{
    client->joined[topic] = 0;
    view_end(&client->views[topic]);
}

void client_go(unsigned node)
{
    struct client *client = &clients[node];
    node_bind(node);
    if (client->made)
        pinion__loopback_disconnect(&client->connection);
}

static void send_to(unsigned node, unsigned topic, const char *event, unsigned key)
{
    struct client *client = &clients[node];
    char text[200];
    int len = snprintf(text, sizeof text, "[\"%u\",\"%u\",\"%s\",\"%s\",{\"key\":%u}]", client->joined[topic],
                       ++client->refs, tracked_topic_name(topic), event, key);
    node_bind(node);
    (void)pinion__loopback_send(&client->connection, PINION_OPCODE_TEXT, pinion__slice(text, (size_t)len));
}

void client_join(unsigned node, unsigned topic, unsigned key)
{
    struct client *client = &clients[node];
    client_connect(node);
    if (!client->connection.socket)
        return;
    forget_topic(client, topic);
    client->joined[topic] = client->refs + 1;
    send_to(node, topic, "phx_join", key);
}

void client_leave(unsigned node, unsigned topic)
{
    struct client *client = &clients[node];
    if (!client->joined[topic])
        return;
    send_to(node, topic, "phx_leave", 0);
    forget_topic(client, topic);
}

void client_say(unsigned node, unsigned topic)
{
    if (clients[node].joined[topic])
        send_to(node, topic, "say", 0);
}

void client_disconnect(unsigned node, unsigned client)
{
    char id[20];
    snprintf(id, sizeof id, "users:%u", client);
    node_bind(node);
    ok(pinion_endpoint_broadcast(nodes[node].endpoint, id, "disconnect", NULL));
}

/* ---- to the client ---- */

static bool is_of_join(const struct client *client, unsigned topic, const json_t *message)
{
    const char *ref = json_string_value(json_array_get(message, 0));
    return ref && client->joined[topic] && (unsigned)atoi(ref) == client->joined[topic];
}

static void hear(struct client *client, const json_t *payload)
{
    json_int_t number = json_integer_value(json_object_get(payload, "b"));
    REQUIRE(number > 0 && number < NET_NUMBERS);
    REQUIRE(nodes[client - clients].came[number] && !client->heard[number]);
    client->heard[number] = true;
}

static void take(struct client *client, const json_t *message)
{
    unsigned topic = tracked_topic(json_string_value(json_array_get(message, 2)));
    const char *event = json_string_value(json_array_get(message, 3));
    const json_t *payload = json_array_get(message, 4);
    bool of_join = is_of_join(client, topic, message);
    if (of_join && strcmp(event, "presence_state") == 0) {
        client->views[topic].topic = topic;
        view_take_state(&client->views[topic], payload);
    } else if (of_join && (strcmp(event, "phx_close") == 0 || strcmp(event, "phx_error") == 0)) {
        forget_topic(client, topic);
    } else if (strcmp(event, "presence_diff") == 0) {
        view_take_diff(&client->views[topic], payload);
    } else if (strcmp(event, "said") == 0) {
        hear(client, payload);
    }
}

static void release(struct client *client)
{
    for (unsigned topic = 0; topic < TRACKED_TOPICS; topic++)
        forget_topic(client, topic);
    pinion__loopback_release(&client->connection);
    pinion__mount_release(&client->mount);
    client->made = false;
}

void client_read(unsigned node)
{
    struct client *client = &clients[node];
    if (!client->made)
        return;
    while (!pinion__list_empty(&client->connection.sent)) {
        struct pinion_loopback_frame *own =
            PINION_CONTAINER_OF(client->connection.sent.next, struct pinion_loopback_frame, node);
        struct pinion_slice wire = pinion__frame_wire(own->frame);
        json_t *message = json_loadb(wire.ptr, wire.len, 0, NULL);
        REQUIRE(message);
        take(client, message);
        json_decref(message);
        pinion__loopback_frame_free(own);
    }
    if (!client->connection.socket && !client->connection.resuming)
        release(client);
}

void client_require(unsigned node, unsigned topic, const json_t *presences)
{
    struct client *client = &clients[node];
    if (client->made && client->views[topic].begun)
        view_require(&client->views[topic], presences);
}

void client_end(unsigned node)
{
    if (clients[node].made)
        release(&clients[node]);
}
