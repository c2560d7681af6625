/* The test kit's clients: connecting, sending, and frames as they are. */
#include "proto/payload.h"
#include "proto/query.h"
#include "proto/utf8.h"
#include "testing/kit.h"
#include "testing/message.h"
#include <stdlib.h>

struct joined_topic {
    struct pinion_list node;
    int join_ref;
    char topic[];
};

/* ---- life ---- */

void pinion__test_client_free(pinion_test_client *client)
{
    pinion__list_remove(&client->node);
    PINION_LIST_FOREACH_SAFE (node, &client->joined) {
        pinion__list_remove(node);
        free(PINION_CONTAINER_OF(node, struct joined_topic, node));
    }
    free(client->channel_of);
    pinion__frame_unref(client->taken);
    pinion__loopback_release(&client->connection);
    pinion__mount_release(&client->mount);
    free(client);
}

static bool has_answer(void *context)
{
    return ((pinion_test_client *)context)->connection.connect_status != PINION_EPENDING;
}

/* Parse the parameters, and add version 2.0.0 if they name no version. */
static int parse_params(const char *query, json_t **out, bool *v1)
{
    int rc = pinion__query_parse(pinion__slice_str(query), out);
    if (rc)
        return rc;
    if (!json_object_get(*out, "vsn") && json_object_set_new(*out, "vsn", json_string("2.0.0")) != 0)
        return PINION_ENOMEM;
    const char *vsn = json_string_value(json_object_get(*out, "vsn"));
    *v1 = vsn && vsn[0] == '1';
    return 0;
}

static int connect_client(pinion_test_client *client, const char *query)
{
    json_t *tree = NULL;
    int rc = parse_params(query, &tree, &client->v1);
    if (rc) {
        json_decref(tree);
        return rc;
    }
    pinion_payload *params = pinion_payload_json(tree);
    rc = pinion__test_ask(client, params, query);
    pinion_payload_unref(params);
    if (rc == PINION_EPENDING && !pinion__test_await(client->test, has_answer, client))
        return PINION_ETIMEDOUT;
    return rc == PINION_EPENDING ? client->connection.connect_status : rc;
}

struct unconnected {
    int code;
    const char *query;
};

/* The parameters, without what looks secret. */
static void write_query(FILE *out, const char *query)
{
    json_t *tree = NULL;
    int rc = pinion__query_parse(pinion__slice_str(query), &tree);
    pinion_payload *params = pinion_payload_json(tree);
    if (!rc)
        pinion__test_write_payload(out, params);
    pinion_payload_unref(params);
}

static void write_unconnected(FILE *out, const void *what)
{
    const struct unconnected *connect = what;
    bool waited = connect->code == PINION_ETIMEDOUT;
    fputs(waited ? "expected the answer to a connect with " : "connect with ", out);
    write_query(out, connect->query);
    fprintf(out, waited ? "; got: nothing" : ": %s", pinion_strerror(connect->code));
}

static int unconnected(pinion_test *test, int code, const char *query)
{
    if (code == PINION_EPROTO || code == PINION_ETOOBIG)
        return pinion__test_failf(test, code, "the query of %zu bytes: %s", strlen(query),
                                  code == PINION_EPROTO ? "it is malformed" : pinion_strerror(code));
    return pinion__test_fail_with(test, code, write_unconnected, &(struct unconnected){ code, query });
}

static pinion_test_client *client_new(pinion_test *test)
{
    pinion_test_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->test = test;
    client->next_ref = 1;
    pinion__list_init(&client->joined);
    pinion__list_init(&client->connection.sent);
    pinion__list_init(&client->connection.held);
    return client;
}

/* Connect a client whose mount has been made. `rc` says whether it could be. */
static int let_connect(pinion_test_client *client, int rc, const char *query, pinion_test_client **out)
{
    pinion_test *test = client->test;
    if (rc) {
        free(client);
        return rc;
    }
    pinion__list_append(&test->clients, &client->node);
    query = query ? query : "";
    rc = connect_client(client, query);
    if (rc)
        pinion__loopback_disconnect(&client->connection); /* freed with the test */
    else
        *out = client;
    pinion_test_run(test);
    return rc ? unconnected(test, rc, query)
              : 0; /* comes last: what ran before may have set another sentence */
}

static int connect_to(pinion_test *test, const pinion_socket_def *socket,
                      const pinion_socket_options *options, const char *query, pinion_test_client **out,
                      const pinion_mount_sizes *sizes)
{
    pinion_test_client *client = client_new(test);
    if (!client)
        return PINION_ENOMEM;
    return let_connect(client, pinion__mount_take(&client->mount, "/test", socket, options, sizes), query,
                       out);
}

int pinion_test_connect_sized(pinion_test *test, const pinion_socket_def *socket,
                              const pinion_socket_options *options, const char *query,
                              pinion_test_client **out, const pinion_mount_sizes *sizes)
{
    PINION_NEED_TEST(test, return PINION_EINVAL);
    PINION_NEEDED(out);
    PINION_NEEDED(sizes);
    PINION_RETURN(connect_to(test, socket, options, query, out, sizes));
}

static int connect_to_raw(pinion_test *test, const pinion_raw_socket_def *socket,
                          const pinion_socket_options *options, const char *query, pinion_test_client **out,
                          const pinion_mount_sizes *sizes)
{
    pinion_test_client *client = client_new(test);
    if (!client)
        return PINION_ENOMEM;
    return let_connect(client, pinion__mount_take_raw(&client->mount, "/test", socket, options, sizes), query,
                       out);
}

int pinion_test_connect_raw_sized(pinion_test *test, const pinion_raw_socket_def *socket,
                                  const pinion_socket_options *options, const char *query,
                                  pinion_test_client **out, const pinion_mount_sizes *sizes)
{
    PINION_NEED_TEST(test, return PINION_EINVAL);
    PINION_NEEDED(out);
    PINION_NEEDED(sizes);
    PINION_RETURN(connect_to_raw(test, socket, options, query, out, sizes));
}

void pinion_test_disconnect(pinion_test_client *client)
{
    PINION_NEED_CLIENT(client, return );
    pinion__loopback_disconnect(&client->connection);
    pinion_test_run(client->test);
}

/* ---- messages ---- */

static struct joined_topic *find_joined(const pinion_test_client *client, const char *topic)
{
    PINION_LIST_FOREACH (node, &client->joined) {
        struct joined_topic *joined = PINION_CONTAINER_OF(node, struct joined_topic, node);
        if (strcmp(joined->topic, topic) == 0)
            return joined;
    }
    return NULL;
}

int pinion__test_joined(pinion_test_client *client, const char *topic, int join_ref)
{
    struct joined_topic *joined = find_joined(client, topic);
    if (!joined) {
        size_t len = strlen(topic) + 1;
        joined = malloc(sizeof *joined + len);
        if (!joined)
            return PINION_ENOMEM;
        *joined = (struct joined_topic){ 0 };
        memcpy(joined->topic, topic, len);
        pinion__list_append(&client->joined, &joined->node);
    }
    joined->join_ref = join_ref;
    return 0;
}

/* Remember with which join_ref a message went. Refs count up from 1. */
static int keep_channel(pinion_test_client *client, int ref, int join_ref)
{
    size_t room = client->channel_of_room;
    if ((size_t)ref >= room) {
        size_t more = room ? 2 * room : 64;
        int *grown = realloc(client->channel_of, more * sizeof *grown);
        if (!grown)
            return PINION_ENOMEM;
        memset(grown + room, 0, (more - room) * sizeof *grown);
        client->channel_of = grown;
        client->channel_of_room = more;
    }
    client->channel_of[ref] = join_ref;
    return 0;
}

/* Such a push has the join_ref of its channel as its ref too. */
void pinion__test_saw(pinion_test_client *client, const struct pinion_test_message *message)
{
    if (message->status || !message->ref || strcmp(message->event, "phx_error") != 0)
        return;
    long join_ref = strtol(message->ref, NULL, 10);
    if (join_ref > 0 && (size_t)join_ref < client->channel_of_room &&
        client->channel_of[join_ref] == join_ref)
        client->channel_of[join_ref] = (int)-join_ref;
}

bool pinion__test_has_crashed(const pinion_test_client *client, int ref)
{
    int join_ref = (size_t)ref < client->channel_of_room ? abs(client->channel_of[ref]) : 0;
    return join_ref != 0 && client->channel_of[join_ref] < 0;
}

int pinion__test_send(pinion_test_client *client, const char *topic, const char *event, bool join,
                      pinion_payload *payload)
{
    const struct joined_topic *joined = find_joined(client, topic);
    int ref = client->next_ref++;
    struct pinion_test_sending message = { .ref = ref,
                                           .join_ref = join     ? ref
                                                       : joined ? joined->join_ref
                                                                : 0,
                                           .topic = topic,
                                           .event = event,
                                           .payload = payload,
                                           .v1 = client->v1 };
    struct pinion_frame *frame = NULL;
    bool utf8 = pinion__utf8_name(topic, strlen(topic)) && pinion__utf8_name(event, strlen(event));
    int rc = utf8 ? pinion__test_encode(&message, &frame) : PINION_EUTF8;
    if (!rc)
        rc = keep_channel(client, ref, message.join_ref);
    pinion_payload_unref(payload);
    if (!rc)
        rc = pinion__loopback_send(&client->connection, frame->opcode, pinion__frame_wire(frame));
    pinion__frame_unref(frame);
    pinion_test_run(client->test);
    return rc ? pinion__fail(rc, "%s on %s could not be sent: %s", event, topic, pinion_strerror(rc)) : ref;
}

int pinion_test_push(pinion_test_client *client, const char *topic, const char *event,
                     pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED_CLIENT(client, return pinion__payload_lost(payload));
    PINION_NEED(topic, return pinion__payload_lost(payload));
    PINION_NEED(event, return pinion__payload_lost(payload));
    return pinion__test_send(client, topic, event, false, payload);
}

/* ---- frames ---- */

void pinion_test_send_frame(pinion_test_client *client, bool binary, const void *bytes, size_t length)
{
    PINION_NEED_CLIENT(client, return );
    PINION_RULE(bytes || length == 0, return, "bytes is NULL, and length %zu", length);
    int opcode = binary ? PINION_OPCODE_BINARY : PINION_OPCODE_TEXT;
    (void)pinion__loopback_send(&client->connection, opcode, pinion__slice(bytes, length));
    pinion_test_run(client->test);
}

static bool has_frame(void *context)
{
    const pinion_test_client *client = context;
    return !pinion__list_empty(&client->connection.sent) || client->connection.closed;
}

/* What a frame says is remembered, also when no expectation has looked at it. */
static void look_at(pinion_test_client *client, struct pinion_frame *frame)
{
    struct pinion_test_message message;
    if (pinion__test_decode(frame, &message) != 0)
        return;
    pinion__test_saw(client, &message);
    pinion__test_message_release(&message);
}

int pinion_test_next_frame(pinion_test_client *client, bool *binary, const char **bytes, size_t *length)
{
    PINION_NEED_CLIENT(client, return PINION_EINVAL);
    PINION_NEEDED(binary);
    PINION_NEEDED(bytes);
    PINION_NEEDED(length);
    if (!pinion__test_await(client->test, has_frame, client))
        return pinion__fail(PINION_ETIMEDOUT, "expected a frame; got: nothing");
    if (pinion__list_empty(&client->connection.sent))
        return pinion__fail(PINION_ECLOSED, "expected a frame; the socket was closed with %d",
                            client->connection.close_code);
    struct pinion_loopback_frame *own =
        PINION_CONTAINER_OF(client->connection.sent.next, struct pinion_loopback_frame, node);
    pinion__frame_unref(client->taken);
    client->taken = pinion__frame_ref(own->frame);
    pinion__loopback_frame_free(own);
    look_at(client, client->taken);
    struct pinion_slice wire = pinion__frame_wire(client->taken);
    *binary = client->taken->opcode == PINION_OPCODE_BINARY;
    *bytes = wire.ptr;
    *length = wire.len;
    return 0;
}

size_t pinion_test_frames(const pinion_test_client *client)
{
    size_t count = 0;
    PINION_NEED(client, return 0);
    PINION_LIST_FOREACH (node, &client->connection.sent) {
        count++;
    }
    return count;
}

int pinion_test_close_code(const pinion_test_client *client)
{
    PINION_NEED(client, return 0);
    return client->connection.closed ? client->connection.close_code : 0;
}
