/* A whole endpoint among other nodes, over an engine without a kernel and an adapter without a broker.
 * Clients poll here, with tokens of sessions here and on another node. Messages of any kind come from a node
 * called "other", valid or not. The script answers what this node asks of the other: once, twice, wrongly or
 * never.
 *
 * In the end the endpoint is stopped, and every connection, socket and session must be gone, within the time
 * that is promised.
 *
 * Fuzzes: src/transport/longpoll_remote.c src/transport/longpoll_message.c src/transport/longpoll_asked.c
 * src/transport/longpoll_visitor.c src/transport/longpoll_token.c */
#include "endpoint/endpoint.h"
#include "engine/token.h"
#include "fuzz.h"
#include "memory_loop.h"
#include "proto/varint.h"
#include "pubsub/envelope.h"
#include "transport/longpoll_token.h"
#include <pinion/pinion.h>

#define PEERS     3
#define NUMBERS   4
#define ACTS_MAX  200
#define TURNS_MAX 20000
#define OTHER     "other"
#define PATH      "/socket"

enum { REQUEST = 1, ANSWER = 2, CANCEL = 3 }; /* as longpoll_message.h has them */

static struct memory_peer peers[PEERS];
static pinion_endpoint *endpoint;
static struct input script;
static uint64_t now;
static char token[PINION_LONGPOLL_TOKEN_MAX]; /* of the session that answered last */

/* ---- the adapter ---- */

static struct {
    const pinion_pubsub_events *events;
    void *core;
    uint64_t sequence;         /* of what the other has sent */
    uint64_t numbers[NUMBERS]; /* of what the other was asked */
    unsigned asked;
} other;

static const char *node_id(const pinion_pubsub_adapter *adapter)
{
    return "here";
}

static int start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size)
{
    other.events = events;
    other.core = core;
    events->connection(core, true, "nothing");
    return 0;
}

static int broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    struct pinion_envelope envelope;
    ok(pinion__envelope_read(pinion__slice(bytes, length), &envelope));
    return 0;
}

/* Note the number of a request. */
static int send_one(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    struct pinion_envelope envelope;
    ok(pinion__envelope_read(pinion__slice(bytes, length), &envelope));
    if (envelope.kind == PINION_ENVELOPE_LONGPOLL && envelope.body.len > 1 &&
        envelope.body.ptr[0] == REQUEST) {
        struct pinion_slice rest = pinion__slice(envelope.body.ptr + 1, envelope.body.len - 1);
        ok(pinion__varint_read(&rest, &other.numbers[other.asked++ % NUMBERS]));
    }
    return 0;
}

static void nothing(pinion_pubsub_adapter *adapter)
{
}

static const pinion_pubsub_ops ops = { .size = sizeof ops,
                                       .name = "memory",
                                       .node_id = node_id,
                                       .start = start,
                                       .broadcast = broadcast,
                                       .send = send_one,
                                       .stop = nothing,
                                       .free = nothing };
static pinion_pubsub_adapter adapter = { .ops = &ops };

/* ---- the application ---- */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_ok(NULL);
}

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "said", pinion_payload_ref(payload));
    return pinion_reply("ok", NULL);
}

static pinion_result on_said(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    (void)pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def room = { .join = join,
                                         .handle_in = PINION_CLAUSES({ "say", say }),
                                         .handle_out = PINION_CLAUSES({ "said", on_said }) };

static const pinion_socket_def user = { .channels = PINION_ROUTES({ "room:*", &room }) };

static uint64_t read_clock(void *context)
{
    return now;
}

static void open_endpoint(void)
{
    const pinion_endpoint_options options = {
        .host = "127.0.0.1",
        .loops = 1,
        .io = "uv",
        .max_connections = 16,
        .pubsub_adapter = &adapter,
        .secret_key_base = "a secret of as many bytes as one must have at the least, which are sixty-four",
    };
    const pinion_socket_options socket = { .longpoll = true };
    ok(pinion_endpoint_new(&endpoint, &options));
    endpoint->engine = &memory_engine;
    struct pinion_scheduler *scheduler = endpoint->loops[0].scheduler;
    now = pinion__scheduler_now(scheduler);
    scheduler->clock = read_clock;
    ok(pinion_endpoint_socket(endpoint, PATH, &user, &socket));
}

/* ---- clients ---- */

static const char *const messages[] = {
    "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]",
    "[\"1\",\"2\",\"room:1\",\"say\",{\"a\":1}]",
    "[null,\"3\",\"phoenix\",\"heartbeat\",{}]",
    "[\"1\",\"4\",\"room:1\",\"phx_leave\",{}]",
    "nonsense",
    "",
};
#define COUNT(array) ((unsigned)(sizeof(array) / sizeof *(array)))
#define PICK(array)  ((array)[input_pick(&script, COUNT(array))])

/* A token of a session on the other node: its id is one byte of the script, and zeros. */
static void sign_foreign(char out[PINION_LONGPOLL_TOKEN_MAX])
{
    char bytes[1 + PINION_LONGPOLL_ID_LEN + sizeof OTHER - 1] = { 0 };
    struct pinion_buf text;
    bytes[0] = (char)input_pick(&script, 3);
    bytes[1] = (char)input_byte(&script);
    memcpy(bytes + 1 + PINION_LONGPOLL_ID_LEN, OTHER, sizeof OTHER - 1);
    pinion__buf_init(&text, PINION_LONGPOLL_TOKEN_MAX - 1);
    ok(pinion__token_sign_bytes(pinion__hub_of(endpoint), "pinion longpoll",
                                pinion__slice(bytes, sizeof bytes), &text));
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    pinion__buf_release(&text);
}

static void choose_token(char out[PINION_LONGPOLL_TOKEN_MAX])
{
    switch (input_pick(&script, 3)) {
    case 0:
        out[0] = '\0';
        break;
    case 1:
        memcpy(out, token, sizeof token);
        break;
    default:
        sign_foreign(out);
    }
}

static void put_request(struct memory_peer *peer)
{
    char text[2000], chosen[PINION_LONGPOLL_TOKEN_MAX];
    choose_token(chosen);
    const char *body = PICK(messages);
    bool post = input_pick(&script, 2);
    snprintf(text, sizeof text,
             "%s %s/longpoll?vsn=2.0.0&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n%s",
             post ? "POST" : "GET", PATH, chosen, post ? strlen(body) : 0,
             input_pick(&script, 2) ? "Content-Type: application/x-ndjson\r\n" : "", post ? body : "");
    ok(pinion__buf_append_str(&peer->to_server, text));
}

static void note_token(const struct memory_peer *peer)
{
    static const char name[] = "\"token\":\"";
    const char *at = strstr(peer->last, name);
    const char *end = at ? strchr(at + sizeof name - 1, '"') : NULL;
    if (!end || (size_t)(end - at) - (sizeof name - 1) >= sizeof token)
        return;
    at += sizeof name - 1;
    memset(token, 0, sizeof token);
    memcpy(token, at, (size_t)(end - at));
}

/* ---- the other node ---- */

static void receive(enum pinion_envelope_kind kind, struct pinion_slice body)
{
    struct pinion_envelope envelope = { .kind = kind,
                                        .node = pinion__slice_str(OTHER),
                                        .incarnation = 7,
                                        .sequence = ++other.sequence,
                                        .body = body };
    if (kind == PINION_ENVELOPE_BROADCAST) {
        envelope.broadcast.topic = pinion__slice_str("room:1");
        envelope.broadcast.event = pinion__slice_str(input_pick(&script, 2) ? "said" : "else");
        envelope.broadcast.type = input_pick(&script, 2) ? PINION_PAYLOAD_BINARY : PINION_PAYLOAD_JSON;
        envelope.broadcast.payload = body;
    }
    size_t len = pinion__envelope_size(&envelope);
    char *exact = allocate(len);
    pinion__envelope_write(&envelope, exact);
    other.events->received(other.core, exact, len);
    free(exact);
}

static void put_id(struct pinion_buf *out)
{
    struct pinion_longpoll_place place = { .loop = 0 };
    (void)pinion__longpoll_token_read(pinion__hub_of(endpoint), pinion__slice_str(token), &place);
    ok(pinion__buf_append(out, (const char *)place.id, PINION_LONGPOLL_ID_LEN));
}

static void begin(struct pinion_buf *out, unsigned type, uint64_t number)
{
    pinion__buf_init(out, SIZE_MAX);
    ok(pinion__buf_append_char(out, (char)type));
    ok(pinion__varint_append(out, number));
}

static void deliver(struct pinion_buf *message)
{
    receive(PINION_ENVELOPE_LONGPOLL, pinion__slice(message->data, message->len));
    pinion__buf_release(message);
}

/* For the session whose token is known: a poll, a publish, or neither. */
static void ask(void)
{
    static const char path[] = PATH;
    struct pinion_buf out;
    begin(&out, REQUEST, input_pick(&script, 4));
    ok(pinion__buf_append_char(&out, (char)(input_byte(&script) / 128))); /* the loop */
    put_id(&out);
    ok(pinion__buf_append_char(&out, (char)input_pick(&script, 4)));
    ok(pinion__buf_append_char(&out, (char)input_pick(&script, 2)));
    ok(pinion__buf_append_char(&out, (char)(sizeof path - 1)));
    ok(pinion__buf_append_str(&out, path));
    ok(pinion__buf_append_str(&out, PICK(messages)));
    deliver(&out);
}

static void answer(void)
{
    static const char *const texts[] = { "{\"status\":200}", "{\"status\":410}", "{\"messages\":[]}", "" };
    struct pinion_buf out;
    begin(&out, ANSWER, other.numbers[input_pick(&script, NUMBERS)]);
    ok(pinion__buf_append_char(&out, (char)input_pick(&script, 4))); /* flags */
    ok(pinion__buf_append_str(&out, PICK(texts)));
    deliver(&out);
}

static void cancel(void)
{
    struct pinion_buf out;
    begin(&out, CANCEL, input_pick(&script, 4));
    uint8_t byte = input_byte(&script);
    ok(pinion__buf_append_char(&out, (char)(byte / 128))); /* the loop */
    if (byte & 1)
        ok(pinion__buf_append_char(&out, 1)); /* to be answered */
    deliver(&out);
}

static void say_anything(void)
{
    enum pinion_envelope_kind kind = (enum pinion_envelope_kind)(1 + input_pick(&script, 3));
    receive(kind, input_bytes(&script, input_byte(&script)));
}

static void say_raw(void)
{
    struct pinion_slice bytes = input_bytes(&script, input_byte(&script));
    char *exact = copy_exactly(bytes);
    other.events->received(other.core, exact, bytes.len);
    free(exact);
}

/* ---- the acts ---- */

static void turn(void)
{
    (void)memory_turn();
    for (unsigned i = 0; i < PEERS; i++) {
        size_t len = peers[i].came < 9 ? peers[i].came : 9;
        REQUIRE(memcmp(peers[i].first, "HTTP/1.1 ", len) == 0);
        note_token(&peers[i]);
    }
}

static void act(void)
{
    unsigned what = input_byte(&script);
    struct memory_peer *peer = &peers[(what >> 4) % PEERS];
    if (!peer->conn)
        memory_connect_anew(peer);
    switch (what % 16) {
    case 0:
    case 1:
    case 2:
        put_request(peer);
        break;
    case 3:
    case 4:
        ask();
        break;
    case 5:
    case 6:
        answer();
        break;
    case 7:
        cancel();
        break;
    case 8:
        say_anything();
        break;
    case 9:
        say_raw();
        break;
    case 10:
        other.events->node(other.core, OTHER, input_pick(&script, 2));
        break;
    case 11:
        now += UINT64_C(1) << input_pick(&script, 18);
        break;
    case 12:
        peer->reset = true;
        break;
    case 13:
        peer->fin = true;
        break;
    default:
        turn();
    }
}

static void run_script(void)
{
    unsigned turns = 0;
    for (unsigned acts = 0; script.left > 0 && acts < ACTS_MAX; acts++) {
        act();
        if (script.left % 2 == 0)
            turn();
    }
    turn();
    pinion_endpoint_stop(endpoint);
    while (!memory_stopping()) {
        uint64_t wait = memory_turn();
        now += wait < 1000 ? wait : 1000;
        REQUIRE(++turns < TURNS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pinion_stats stats;
    pinion_log_set_level(PINION_LOG_NONE);
    script = (struct input){ .at = data, .left = size };
    memset(token, 0, sizeof token);
    memset(&other, 0, sizeof other);
    memory_script = run_script;
    open_endpoint();
    ok(pinion_endpoint_run(endpoint));
    pinion_endpoint_stats(endpoint, &stats);
    REQUIRE(stats.connections == 0 && stats.sockets == 0 && stats.channels == 0);
    for (unsigned i = 0; i < PEERS; i++) {
        REQUIRE(!peers[i].conn);
        memory_forget(&peers[i]);
    }
    pinion_endpoint_free(endpoint);
    return 0;
}
