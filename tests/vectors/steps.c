#include "vectors/steps.h"
#include "conformance.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define CLIENTS_MAX 8

struct client {
    const char *name;
    pinion_test_client *client;
    bool v1;
    bool closed;
};

struct replay {
    const json_t *vector;
    const char *vsn;
    bool deaf; /* nothing is expected */
    bool v1_join_ref;
    bool routes; /* they are mounted */
    struct conformance shared;
    pinion_test *test;
    json_t *refs; /* what {ref:NAME} stands for, by the whole string */
    struct client clients[CLIENTS_MAX];
    size_t client_count;
};

void (*replay_inside)(bool inside);

static void inside(bool is)
{
    if (replay_inside)
        replay_inside(is);
}

static void run_steps(struct replay *replay, const json_t *steps, const char *i);

static void fail_with(const char *what, const json_t *expected, const char *got, size_t len)
{
    char *text = json_dumps(expected, JSON_ENCODE_ANY);
    fail_msg("%s: expected %.300s, got %.*s", what, text, (int)(len < 300 ? len : 300), got);
}

/* ---- clients ---- */

static void append_param(char *query, size_t size, const char *name, const char *value)
{
    size_t len = strlen(query);
    len += (size_t)snprintf(query + len, size - len, "%s%s=", len ? "&" : "", name);
    for (; *value; value++)
        len += (size_t)snprintf(query + len, size - len, isalnum((unsigned char)*value) ? "%c" : "%%%02X",
                                (unsigned char)*value);
    assert_true(len < size);
}

static void make_query(const json_t *own, const char *vsn, char *query, size_t size)
{
    const char *name;
    json_t *value;
    const json_t *given = json_object_get(own, "query");
    if (given) {
        snprintf(query, size, "%s", json_string_value(given));
        return;
    }
    query[0] = '\0';
    append_param(query, size, "vsn", vsn);
    json_object_foreach(json_object_get(own, "params"), name, value)
        append_param(query, size, name, json_string_value(value));
}

/* A path, headers and raw sockets need a wire. */
static void check_keys(json_t *own)
{
    const char *key;
    json_t *value;
    json_object_foreach(own, key, value)
    {
        if (strcmp(key, "params") != 0 && strcmp(key, "query") != 0 && strcmp(key, "vsn") != 0)
            fail_msg("a client's \"%s\", which this runner does not know", key);
    }
}

static void connect_client(struct replay *replay, struct client *client, const char *name)
{
    char query[1024];
    json_t *own = json_object_get(json_object_get(replay->vector, "clients"), name);
    check_keys(own);
    const json_t *vsn = json_object_get(own, "vsn");
    make_query(own, vsn ? json_string_value(vsn) : replay->vsn, query, sizeof query);
    client->name = name;
    client->v1 = strstr(query, "vsn=2") == NULL;
    /* The kit connects in version 2.0.0 unless told otherwise; a query without a version means 1.0.0. */
    if (!strstr(query, "vsn="))
        append_param(query, sizeof query, "vsn", "1.0.0");
    client->client = NULL;
    inside(true);
    int rc = pinion_test_connect(replay->test, &conformance_socket, NULL, query, &client->client);
    inside(false);
    client->closed = rc != 0;
    if (!replay->deaf)
        assert_int_equal(rc, 0);
}

static struct client *client_of(struct replay *replay, const json_t *step)
{
    const json_t *named = json_object_get(step, "client");
    const char *name = named ? json_string_value(named) : "a";
    for (size_t i = 0; i < replay->client_count; i++) {
        if (strcmp(replay->clients[i].name, name) == 0)
            return &replay->clients[i];
    }
    assert_true(replay->client_count < CLIENTS_MAX);
    struct client *client = &replay->clients[replay->client_count++];
    connect_client(replay, client, named ? name : "a");
    return client;
}

/* ---- messages, which vectors hold in V2's form ---- */

static void send_text(struct client *client, const char *text, size_t len, bool binary)
{
    if (client->closed)
        return;
    inside(true);
    pinion_test_send_frame(client->client, binary, text, len);
    inside(false);
}

static json_t *encode(const struct replay *replay, const struct client *client, const json_t *message)
{
    if (!client->v1)
        return json_incref((json_t *)message);
    json_t *object = json_pack("{s:O, s:O, s:O, s:O}", "ref", json_array_get(message, 1), "topic",
                               json_array_get(message, 2), "event", json_array_get(message, 3), "payload",
                               json_array_get(message, 4));
    if (replay->v1_join_ref)
        json_object_set(object, "join_ref", json_array_get(message, 0));
    return object;
}

static void do_send(struct replay *replay, struct client *client, const json_t *message)
{
    json_t *encoded = encode(replay, client, message);
    char *text = json_dumps(encoded, JSON_COMPACT);
    assert_non_null(text);
    send_text(client, text, strlen(text), false);
    free(text);
    json_decref(encoded);
}

/* What a client of that version sees: V1 has no join_ref; it comes back, as the ref of phx_close and
 * phx_error, only to those who put one in the join. */
static json_t *seen(const struct replay *replay, const struct client *client, const json_t *message)
{
    if (!client->v1)
        return json_incref((json_t *)message);
    const char *event = json_string_value(json_array_get(message, 3));
    bool end = event && (strcmp(event, "phx_close") == 0 || strcmp(event, "phx_error") == 0);
    json_t *ref = end && !replay->v1_join_ref ? json_null() : json_incref(json_array_get(message, 1));
    return json_pack("{s:o, s:O, s:O, s:O}", "ref", ref, "topic", json_array_get(message, 2), "event",
                     json_array_get(message, 3), "payload", json_array_get(message, 4));
}

static void assert_compact(const char *text, size_t len)
{
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && strchr(" \t\r\n", text[i]))
            fail_msg("what the server sends is compact: %.*s", (int)len, text);
    }
}

static const char *next_frame(const struct client *client, bool binary, const json_t *expected, size_t *len)
{
    const char *bytes;
    bool is_binary;
    int rc = pinion_test_next_frame(client->client, &is_binary, &bytes, len);
    if (rc)
        fail_with("no frame", expected, pinion_strerror(rc), strlen(pinion_strerror(rc)));
    if (is_binary != binary)
        fail_with("a frame of the other kind", expected, bytes, *len);
    if (!binary)
        assert_compact(bytes, *len);
    return bytes;
}

/* ---- strings that the server makes up ---- */

static void bind_ref(const struct replay *replay, const char *name, json_t *actual)
{
    const char *key;
    json_t *other;
    if (json_string_length(actual) != 16)
        fail_with("no ref", actual, name, strlen(name));
    json_object_foreach(replay->refs, key, other)
    {
        if (json_equal(other, actual))
            fail_with("a ref of another name", actual, key, strlen(key));
    }
    json_object_set(replay->refs, name, actual);
}

/* What was expected, with what the server made up in place of {ref:NAME}. A new reference. */
static json_t *with_refs(const struct replay *replay, json_t *expected, json_t *actual)
{
    size_t index;
    const char *key, *name = json_string_value(expected);
    json_t *member, *copy;
    if (name && strncmp(name, "{ref:", 5) == 0) {
        if (!json_object_get(replay->refs, name))
            bind_ref(replay, name, actual);
        return json_incref(json_object_get(replay->refs, name));
    }
    if (json_is_array(expected)) {
        copy = json_array();
        json_array_foreach(expected, index, member)
            json_array_append_new(copy, with_refs(replay, member, json_array_get(actual, index)));
        return copy;
    }
    if (json_is_object(expected)) {
        copy = json_object();
        json_object_foreach(expected, key, member)
            json_object_set_new(copy, key, with_refs(replay, member, json_object_get(actual, key)));
        return copy;
    }
    return json_incref(expected);
}

static void do_expect(struct replay *replay, struct client *client, const json_t *message)
{
    size_t len;
    json_t *expected = seen(replay, client, message);
    const char *text = next_frame(client, false, expected, &len);
    json_t *actual = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    json_t *bound = with_refs(replay, expected, actual);
    if (!json_equal(actual, bound))
        fail_with("another message", expected, text, len);
    json_decref(bound);
    json_decref(actual);
    json_decref(expected);
}

static void do_expect_any_order(struct replay *replay, struct client *client, const json_t *messages)
{
    json_t *missing = json_array();
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message) json_array_append_new(missing, seen(replay, client, message));
    while (json_array_size(missing) > 0) {
        size_t len, found = SIZE_MAX;
        const char *text = next_frame(client, false, missing, &len);
        json_t *actual = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
        json_array_foreach(missing, i, message)
        {
            if (found == SIZE_MAX && json_equal(actual, message))
                found = i;
        }
        if (found == SIZE_MAX)
            fail_with("none of these", missing, text, len);
        json_array_remove(missing, found);
        json_decref(actual);
    }
    json_decref(missing);
}

static const json_t *for_version(const struct client *client, const json_t *value)
{
    return json_is_object(value) ? json_object_get(value, client->v1 ? "1.0.0" : "2.0.0") : value;
}

static void do_send_text(struct client *client, const json_t *value, bool binary)
{
    const json_t *text = for_version(client, value);
    send_text(client, json_string_value(text), json_string_length(text), binary);
}

static bool equals_text(const json_t *string, const char *text, size_t len)
{
    return json_string_length(string) == len && memcmp(json_string_value(string), text, len) == 0;
}

static void do_expect_text(struct client *client, const json_t *value)
{
    const json_t *texts = for_version(client, value);
    size_t len, i;
    json_t *alternative;
    bool found = false;
    const char *text = next_frame(client, false, texts, &len);
    if (json_is_string(texts))
        found = equals_text(texts, text, len);
    json_array_foreach(texts, i, alternative) found = found || equals_text(alternative, text, len);
    if (!found)
        fail_with("another text", texts, text, len);
}

/* ---- binary frames ---- */

struct bytes {
    char data[70000];
    size_t len;
};

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void put_hex(struct bytes *bytes, const json_t *hex)
{
    const char *text = json_string_value(hex);
    for (; *text; text += 2)
        bytes->data[bytes->len++] = (char)(digit(text[0]) << 4 | digit(text[1]));
}

/* Kind, lengths, strings, data. */
static void pack(struct bytes *bytes, char kind, const json_t *frame, const char *const *fields)
{
    bytes->len = 0;
    bytes->data[bytes->len++] = kind;
    for (size_t i = 0; fields[i]; i++)
        bytes->data[bytes->len++] = (char)json_string_length(json_object_get(frame, fields[i]));
    for (size_t i = 0; fields[i]; i++) {
        const json_t *field = json_object_get(frame, fields[i]);
        memcpy(bytes->data + bytes->len, json_string_value(field), json_string_length(field));
        bytes->len += json_string_length(field);
    }
    put_hex(bytes, json_object_get(frame, "data_hex"));
}

static void do_send_binary(struct client *client, const json_t *frame)
{
    static const char *const fields[] = { "join_ref", "ref", "topic", "event", NULL };
    struct bytes bytes;
    pack(&bytes, 0, frame, fields);
    send_text(client, bytes.data, bytes.len, true);
}

static void do_send_binary_hex(struct client *client, const json_t *hex)
{
    struct bytes bytes = { .len = 0 };
    put_hex(&bytes, hex);
    send_text(client, bytes.data, bytes.len, true);
}

static void do_expect_binary(struct client *client, const json_t *frame)
{
    static const char *const push[] = { "join_ref", "topic", "event", NULL };
    static const char *const reply[] = { "join_ref", "ref", "topic", "status", NULL };
    static const char *const broadcast[] = { "topic", "event", NULL };
    static const char *const *const kinds[] = { push, reply, broadcast };
    const char *kind = json_string_value(json_object_get(frame, "kind"));
    int number = strcmp(kind, "push") == 0 ? 0 : strcmp(kind, "reply") == 0 ? 1 : 2;
    struct bytes expected;
    size_t len;
    pack(&expected, (char)number, frame, kinds[number]);
    const char *bytes = next_frame(client, true, frame, &len);
    assert_int_equal(len, expected.len);
    assert_memory_equal(bytes, expected.data, len);
}

/* ---- ends ---- */

/* Nothing but the answer to a heartbeat. */
static void do_expect_none(struct replay *replay, struct client *client)
{
    json_t *ping = json_pack("[n,s,s,s,{}]", "barrier", "phoenix", "heartbeat");
    json_t *pong =
        json_pack("[n,s,s,s,{s:s,s:{}}]", "barrier", "phoenix", "phx_reply", "status", "ok", "response");
    do_send(replay, client, ping);
    do_expect(replay, client, pong);
    json_decref(ping);
    json_decref(pong);
}

static void do_expect_close(struct client *client, const json_t *code)
{
    bool binary;
    const char *bytes;
    size_t len;
    int rc = pinion_test_next_frame(client->client, &binary, &bytes, &len);
    if (rc == 0)
        fail_with("a frame before the end", code, bytes, len);
    assert_int_equal(rc, PINION_ECLOSED);
    assert_int_equal(pinion_test_close_code(client->client), json_integer_value(code));
    client->closed = true;
}

static void do_close(struct client *client)
{
    inside(true);
    if (client->client)
        pinion_test_disconnect(client->client);
    inside(false);
    client->closed = true;
}

/* ---- clients that expect nothing ---- */

#define FLAGS (JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL) /* large integers too */

/* True when it closes, or when the answer is among what came. */
static bool take_all(struct client *client, const char *answer)
{
    bool binary, found = client->closed;
    const char *bytes;
    size_t len;
    while (!client->closed && pinion_test_frames(client->client) > 0) {
        assert_int_equal(pinion_test_next_frame(client->client, &binary, &bytes, &len), 0);
        json_t *message = binary ? json_null() : json_loadb(bytes, len, FLAGS, NULL);
        assert_non_null(message);
        json_decref(message);
        found = found || memmem(bytes, len, answer, strlen(answer));
    }
    if (!client->closed && pinion_test_close_code(client->client) != 0)
        client->closed = found = true;
    return found;
}

static void be_alive(struct replay *replay, struct client *client)
{
    json_t *ping = json_pack("[n,s,s,s,{}]", "barrier", "phoenix", "heartbeat");
    do_send(replay, client, ping);
    json_decref(ping);
    if (!take_all(client, "\"barrier\""))
        fail_msg("a heartbeat is not answered, and the socket is not closed");
}

/* ---- steps ---- */

static void do_repeat(struct replay *replay, const json_t *repeat)
{
    char text[24];
    json_int_t to = json_integer_value(json_object_get(repeat, "to"));
    for (json_int_t i = json_integer_value(json_object_get(repeat, "from")); i <= to; i++) {
        snprintf(text, sizeof text, "%lld", (long long)i);
        run_steps(replay, json_object_get(repeat, "steps"), text);
    }
}

static void do_send_together(struct replay *replay, struct client *client, const json_t *messages)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message) do_send(replay, client, message);
}

static void run_step(struct replay *replay, const json_t *step)
{
    const json_t *value = json_object_get(step, "http");
    if (value) {
        replay_http(replay->test, &replay->routes, value, replay->deaf);
        return;
    }
    struct client *client = client_of(replay, step);
    if (replay->deaf)
        (void)take_all(client, "");
    if ((value = json_object_get(step, "send")))
        do_send(replay, client, value);
    else if ((value = json_object_get(step, "send_together")))
        do_send_together(replay, client, value);
    else if ((value = json_object_get(step, "send_text")))
        do_send_text(client, value, json_is_true(json_object_get(step, "binary")));
    else if ((value = json_object_get(step, "send_binary")))
        do_send_binary(client, value);
    else if ((value = json_object_get(step, "send_binary_hex")))
        do_send_binary_hex(client, value);
    else if (json_object_get(step, "close"))
        do_close(client);
    else if (replay->deaf)
        return;
    else if ((value = json_object_get(step, "expect")))
        do_expect(replay, client, value);
    else if ((value = json_object_get(step, "expect_any_order")))
        do_expect_any_order(replay, client, value);
    else if ((value = json_object_get(step, "expect_text")))
        do_expect_text(client, value);
    else if ((value = json_object_get(step, "expect_binary")))
        do_expect_binary(client, value);
    else if ((value = json_object_get(step, "expect_close")))
        do_expect_close(client, value);
    else if (json_object_get(step, "expect_none"))
        do_expect_none(replay, client);
    else
        fail_msg("a step that this runner does not know");
}

static void run_steps(struct replay *replay, const json_t *steps, const char *i)
{
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        const json_t *repeat = json_object_get(step, "repeat");
        if (repeat) {
            do_repeat(replay, repeat);
            continue;
        }
        json_t *expanded = expand_value(step, i);
        /* A client keeps its name, so it must come from the vector, which outlives the step. */
        if (json_object_get(step, "client"))
            json_object_set(expanded, "client", json_object_get(step, "client"));
        run_step(replay, expanded);
        json_decref(expanded);
    }
}

static struct replay replay_of(json_t *vector, const char *vsn)
{
    return (struct replay){ .vector = vector,
                            .vsn = vsn,
                            .v1_join_ref = json_is_true(json_object_get(vector, "v1_join_ref")) };
}

static int begin(struct replay *replay)
{
    inside(true);
    int rc = pinion_test_new(&replay->test, &(pinion_test_options){ .context = &replay->shared });
    if (!rc && (rc = conformance_presence(pinion_test_endpoint(replay->test))))
        pinion_test_free(replay->test);
    inside(false);
    return rc;
}

static void end(struct replay *replay)
{
    inside(true);
    pinion_test_free(replay->test);
    inside(false);
    json_decref(replay->refs);
}

void replay_vector(json_t *vector, const char *vsn)
{
    struct replay replay = replay_of(vector, vsn);
    assert_int_equal(begin(&replay), 0);
    replay.refs = json_object();
    run_steps(&replay, json_object_get(vector, "steps"), NULL);
    for (size_t i = 0; i < replay.client_count; i++) {
        if (!replay.clients[i].closed)
            do_expect_none(&replay, &replay.clients[i]);
    }
    end(&replay);
}

int play_vector(json_t *vector, const char *vsn)
{
    struct replay replay = replay_of(vector, vsn);
    replay.deaf = true;
    int rc = begin(&replay);
    if (rc)
        return rc;
    run_steps(&replay, json_object_get(vector, "steps"), NULL);
    for (size_t i = 0; i < replay.client_count; i++)
        be_alive(&replay, &replay.clients[i]);
    end(&replay);
    return 0;
}
