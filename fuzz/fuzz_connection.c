/* Whole connections to an endpoint, over an engine without a kernel. There are requests, bodies, polls,
 * posts, upgrades and frames on four connections, and routes whose functions the input decides about, in any
 * order and cut anywhere, with answers that come later, slow readers, resets, FINs, time, and allocations
 * that fail. The input is a list of acts; what is sent is made of ready parts, or taken from the input.
 *
 * In the end the endpoint is stopped. Then every connection, socket and session must end within the promised
 * time, and what a connection received must begin like an answer.
 *
 * Fuzzes: src/http/input.c src/http/request.c src/http/body.c src/http/state.c
 * src/http/file.c src/http/file_answer.c src/http/conditions.c src/http/request_file.c
 * src/http/static_serve.c src/http/answer.c src/http/call.c src/http/cookie.c src/http/cors.c
 * src/http/headers.c src/http/later.c src/http/off_loop.c src/http/request_answer.c src/http/request_read.c
 * src/http/route.c src/http/wait.c src/transport/websocket.c src/transport/websocket_in.c
 * src/transport/websocket_out.c src/transport/websocket_close.c src/transport/websocket_more.c
 * src/transport/longpoll_http_get.c src/transport/longpoll_http_post.c src/transport/longpoll_exchange.c
 * src/transport/longpoll_session.c src/transport/longpoll_begin.c src/transport/longpoll_body.c
 * src/transport/longpoll_in.c src/transport/longpoll_out.c src/transport/longpoll_polls.c
 * src/transport/longpoll_end.c src/transport/longpoll_local.c src/transport/longpoll_queue.c */
#include "endpoint/endpoint.h"
#include "fuzz.h"
#include "fuzzed_routes.h"
#include "memory_loop.h"
#include "tests/helpers/shortage.h"
#include "transport/longpoll_queue.h"
#include <pinion/pinion.h>
#include <string.h>
#include <unistd.h>

#define PEERS     4
#define REFS      4
#define ACTS_MAX  200
#define BIG       200000
#define TOKEN_MAX 500
#define TURNS_MAX 20000 /* while the endpoint stops; none is longer than a second */

static struct memory_peer peers[PEERS];
static pinion_ref *refs[REFS];
static unsigned next_ref;
static char token[TOKEN_MAX];
static uint64_t now;
static pinion_endpoint *endpoint;
static struct input script;
static bool memory_was_short;
static char big[BIG + 1];
static char directory[] = "/tmp/pinion-fuzz-XXXXXX";

/* ---- the application ---- */

static void drop_ref(unsigned i)
{
    pinion_ref_free(refs[i]);
    refs[i] = NULL;
}

static void keep_ref(pinion_ref *ref)
{
    drop_ref(next_ref);
    refs[next_ref] = ref;
    next_ref = (next_ref + 1) % REFS;
}

static pinion_result on_connect(pinion_socket *socket, const pinion_payload *params,
                                const pinion_connect_info *info)
{
    if (!pinion_payload_get(params, "late"))
        return pinion_ok(NULL);
    keep_ref(pinion_ref_new_socket(socket));
    return pinion_later();
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "room:late") != 0)
        return pinion_ok(NULL);
    keep_ref(pinion_ref_new(channel));
    return pinion_later();
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_reply("ok", pinion_payload_ref(payload));
}

static pinion_result say(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "said", pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result much(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, "much", pinion_json("{s:s}", "much", big));
    return pinion_noreply();
}

/* Enough to fill a queue or two of /small. */
static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "said", pinion_json("{s:s}", "much", big + BIG - 9000));
    return pinion_noreply();
}

static pinion_result late(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    keep_ref(pinion_ref_new(channel));
    return pinion_noreply();
}

static pinion_result crash(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

static pinion_result on_said(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    (void)pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

/* What waits for a client of long polling is copied into one answer, in one turn, however many turns it took
 * to queue it. Each byte is copied once. */
int __real_pinion__longpoll_queue_put(struct pinion_longpoll_queue *queue, struct pinion_frame *quoted);
int __wrap_pinion__longpoll_queue_put(struct pinion_longpoll_queue *queue, struct pinion_frame *quoted);

int __wrap_pinion__longpoll_queue_put(struct pinion_longpoll_queue *queue, struct pinion_frame *quoted)
{
    size_t len = pinion__frame_wire(quoted).len;
    int rc = __real_pinion__longpoll_queue_put(queue, quoted);
    if (rc == 0)
        memory_explain(len);
    return rc;
}

static const pinion_channel_def room = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "say", say }, { "much", much }, { "shout", shout },
                                { "late", late }, { "crash", crash }),
    .handle_out = PINION_CLAUSES({ "said", on_said }),
};

/* Its broadcasts go to clients unchanged, and may be dropped. */
static const pinion_channel_def open_room = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "say", say }, { "shout", shout }),
};

static const pinion_socket_def user = { .connect = on_connect,
                                        .channels =
                                            PINION_ROUTES({ "room:*", &room }, { "open:*", &open_room }) };

static void page(const pinion_request *request, pinion_response *response, void *text)
{
    pinion_response_send(response, 200, "text/plain", text, strlen(text));
}

static uint64_t read_clock(void *context)
{
    return now;
}

static void remove_files(void)
{
    char path[sizeof directory + 10];
    snprintf(path, sizeof path, "%s/file", directory);
    unlink(path);
    rmdir(directory);
}

static void make_files(void)
{
    char path[sizeof directory + 10];
    memset(big, 'x', BIG);
    REQUIRE(mkdtemp(directory));
    atexit(remove_files);
    snprintf(path, sizeof path, "%s/file", directory);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fputs(big, file) >= 0 && fputs(big, file) >= 0 && fclose(file) == 0);
}

static void open_endpoint(void)
{
    const pinion_endpoint_options options = {
        .host = "127.0.0.1", .loops = 1, .io = "uv", .max_connections = 16
    };
    const pinion_socket_options socket = { .longpoll = true,
                                           .max_message = 50000,
                                           .longpoll_max_body = 100000 };
    const pinion_socket_options small = { .longpoll = true,
                                          .longpoll_max_body = 1000,
                                          .max_queue = 20000,
                                          .drop_broadcasts = true,
                                          .flush_delay_ms = 20,
                                          .flush_replies = true,
                                          .ping_interval_ms = 1000 };
    ok(pinion_endpoint_new(&endpoint, &options));
    endpoint->engine = &memory_engine;
    struct pinion_scheduler *scheduler = endpoint->loops[0].scheduler;
    now = pinion__scheduler_now(scheduler);
    scheduler->clock = read_clock;
    ok(pinion_endpoint_socket(endpoint, "/socket", &user, &socket));
    ok(pinion_endpoint_socket(endpoint, "/small", &user, &small));
    ok(pinion_endpoint_get(endpoint, "/", page, "a page"));
    ok(pinion_endpoint_get(endpoint, "/much", page, big));
    ok(pinion_endpoint_static(endpoint, "/files", directory));
    routes_mount(endpoint, &script, directory);
}

/* ---- what peers send ---- */

static const char *const methods[] = { "GET", "POST", "HEAD", "OPTIONS", "PUT" };
static const char *const targets[] = {
    "/",
    "/much",
    "/files/file",
    "/nothing",
    "/socket/longpoll?vsn=2.0.0",
    "/socket/longpoll?vsn=2.0.0&late=1",
    "/socket/longpoll?vsn=2.0.0&token=",
    "/socket/websocket?vsn=2.0.0",
    "/socket/websocket?vsn=2.0.0&late=1",
    "/small/websocket?vsn=2.0.0",
    "/small/longpoll?vsn=2.0.0",
    "/small/longpoll?vsn=2.0.0&token=",
};
static const char *const route_methods[] = { "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "BREW" };
static const char *const route_targets[] = {
    "/api/1",  "/api/one",       "/api/1/x/y", "/api/%2e%2e", "/api//1",       "/api/one?a[b]=1&c=%zz",
    "/api/%0", "/api/1/%0d%0ax", "/api",       "/api/1/",     "/api/1/%c3%28", "/api/1?",
};
static const char *const messages[] = {
    "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]",    "[\"2\",\"1\",\"room:late\",\"phx_join\",{}]",
    "[\"1\",\"2\",\"room:1\",\"echo\",{\"a\":1}]", "[\"1\",\"3\",\"room:1\",\"say\",{}]",
    "[\"1\",\"4\",\"room:1\",\"much\",{}]",        "[\"1\",\"5\",\"room:1\",\"late\",{}]",
    "[\"1\",\"6\",\"room:1\",\"phx_leave\",{}]",   "[\"1\",\"7\",\"room:1\",\"crash\",{}]",
    "[null,\"8\",\"phoenix\",\"heartbeat\",{}]",   "[\"2\",\"9\",\"room:late\",\"phx_leave\",{}]",
    "[\"1\",\"10\",\"room:1\",\"shout\",{}]",      "[\"3\",\"3\",\"open:1\",\"phx_join\",{}]",
    "[\"3\",\"11\",\"open:1\",\"shout\",{}]",
};
#define COUNT(array) ((unsigned)(sizeof(array) / sizeof *(array)))
#define PICK(array)  ((array)[input_pick(&script, COUNT(array))])

static void put(struct memory_peer *peer, const void *bytes, size_t len)
{
    shortage_spare(true);
    ok(pinion__buf_append(&peer->to_server, bytes, len));
    shortage_spare(false);
}

static void put_text(struct memory_peer *peer, const char *text)
{
    put(peer, text, strlen(text));
}

static void raw(struct memory_peer *peer)
{
    struct pinion_slice bytes = input_bytes(&script, input_byte(&script));
    put(peer, bytes.ptr, bytes.len);
}

/* Messages, or bytes of the input. */
static void make_body(struct pinion_buf *body)
{
    unsigned count = input_pick(&script, 8);
    pinion__buf_init(body, SIZE_MAX);
    if (count == 7) {
        struct pinion_slice bytes = input_bytes(&script, input_byte(&script));
        ok(pinion__buf_append(body, bytes.ptr, bytes.len));
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        ok(pinion__buf_append_str(body, PICK(messages)));
        ok(pinion__buf_append_str(body, "\n"));
    }
}

static void put_body(struct memory_peer *peer, unsigned how)
{
    char line[100];
    struct pinion_buf body;
    shortage_spare(true);
    make_body(&body);
    shortage_spare(false);
    if (how & 1) {
        snprintf(line, sizeof line, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", body.len);
        put_text(peer, line);
        put(peer, body.data, body.len);
        put_text(peer, body.len > 0 ? "\r\n0\r\n\r\n" : "\r\n");
    } else {
        snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", body.len);
        put_text(peer, line);
        put(peer, body.data, body.len);
    }
    pinion__buf_release(&body);
}

/* Its bytes may end the line, and begin others. */
static void put_raw_header(struct memory_peer *peer, const char *name)
{
    put_text(peer, name);
    raw(peer);
    put_text(peer, "\r\n");
}

static void put_rest(struct memory_peer *peer, unsigned with)
{
    if (with & 1)
        put_text(peer, "Connection: close\r\n");
    if (with & 2)
        put_text(peer, "Expect: 100-continue\r\n");
    if (with & 4)
        put_text(peer, "Content-Type: application/x-ndjson\r\n");
    if (with & 8)
        put_body(peer, with >> 4);
    else
        put_text(peer, "\r\n");
}

static void put_route_request(struct memory_peer *peer)
{
    put_text(peer, PICK(route_methods));
    put_text(peer, " ");
    put_text(peer, PICK(route_targets));
    put_text(peer, " HTTP/1.1\r\nHost: x\r\n");
    unsigned with = input_byte(&script);
    if (with & 0x20)
        put_text(peer, "Content-Type: application/json\r\n");
    if (with & 0x40)
        put_text(peer, "Origin: https://example.com\r\nAccess-Control-Request-Method: POST\r\n");
    if (with & 0x80) {
        put_raw_header(peer, "X-A: ");
        put_raw_header(peer, "Cookie: c=d; a=");
    }
    put_rest(peer, with);
}

static void put_request(struct memory_peer *peer)
{
    put_text(peer, PICK(methods));
    const char *target = PICK(targets);
    unsigned with = input_byte(&script);
    put_text(peer, " ");
    put_text(peer, target);
    if (target[strlen(target) - 1] == '=')
        put_text(peer, token);
    put_text(peer, " HTTP/1.1\r\nHost: x\r\n");
    if (strstr(target, "websocket"))
        put_text(peer, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    if (with & 0x20)
        put_raw_header(peer, "Range: bytes=");
    put_rest(peer, with);
}

/* With a mask of zeros. */
static void put_frame(struct memory_peer *peer)
{
    static const uint8_t heads[] = { 0x81, 0x81, 0x81, 0x01, 0x80, 0x89, 0x8a, 0x82, 0x88 };
    uint8_t head[] = { PICK(heads), 0x80, 0, 0, 0, 0 };
    struct pinion_slice text = pinion__slice_str(PICK(messages));
    if (head[0] == 0x88)
        text.len = 0;
    REQUIRE(text.len < 126);
    head[1] |= (uint8_t)text.len;
    put(peer, head, sizeof head);
    put(peer, text.ptr, text.len);
}

/* Note the latest token of a session. */
static void note_token(const struct memory_peer *peer)
{
    static const char name[] = "\"token\":\"";
    const char *at = NULL;
    for (const char *next = strstr(peer->last, name); next; next = strstr(next + 1, name))
        at = next + sizeof name - 1;
    const char *end = at ? strchr(at, '"') : NULL;
    if (!end || (size_t)(end - at) >= sizeof token)
        return;
    memcpy(token, at, (size_t)(end - at));
    token[end - at] = '\0';
}

/* ---- the acts ---- */

static void answer(unsigned i)
{
    if (!refs[i])
        return;
    switch (input_pick(&script, 4)) {
    case 0:
        (void)pinion_ref_answer(refs[i], pinion_ok(NULL));
        break;
    case 1:
        (void)pinion_ref_answer(refs[i], pinion_error(NULL));
        break;
    case 2:
        (void)pinion_ref_reply(refs[i], "ok", NULL);
        break;
    default:
        drop_ref(i);
    }
}

static void answer_something(unsigned what)
{
    if (what & 0x40)
        routes_use_ref();
    else if (what & 0x80)
        (void)routes_work();
    else
        answer(input_pick(&script, REFS));
}

static void check(const struct memory_peer *peer)
{
    size_t len = peer->came < 9 ? peer->came : 9;
    REQUIRE(memcmp(peer->first, "HTTP/1.1 ", len) == 0);
}

static void turn(void)
{
    (void)memory_turn();
    for (unsigned i = 0; i < PEERS; i++) {
        note_token(&peers[i]);
        check(&peers[i]);
    }
}

/* One or four allocations fail, after some that succeed. */
static void make_memory_short(unsigned count)
{
    memory_was_short = true;
    shortage_begin(input_byte(&script), count);
}

static void act(void)
{
    unsigned what = input_byte(&script);
    struct memory_peer *peer = &peers[(what >> 4) % PEERS];
    if (!peer->conn)
        memory_connect_anew(peer);
    switch (what % 16) {
    case 0:
        memory_connect_anew(peer);
        break;
    case 1:
    case 2:
    case 3:
        if (what & 0x40)
            put_route_request(peer);
        else
            put_request(peer);
        break;
    case 4:
    case 5:
        put_frame(peer);
        break;
    case 6:
        raw(peer);
        break;
    case 7:
        peer->fin = true;
        break;
    case 8:
        peer->reset = true;
        break;
    case 9:
        peer->room = (size_t)input_byte(&script) << 6;
        break;
    case 10:
        peer->room = SIZE_MAX;
        break;
    case 11:
        peer->piece = input_byte(&script);
        break;
    case 12:
        peer->late = true;
        break;
    case 13:
        now += UINT64_C(1) << input_pick(&script, 18);
        break;
    case 14:
        answer_something(what);
        break;
    default:
        if (what & 0x80)
            make_memory_short(what & 0x40 ? 4 : 1);
        turn();
    }
}

/* Nobody reads or answers any more: time alone must bring it to its end, with the work that is under way. */
static void go_down(void)
{
    unsigned turns = 0;
    pinion_endpoint_stop(endpoint);
    while (!memory_stopping()) {
        (void)routes_work();
        uint64_t wait = memory_turn();
        now += wait < 1000 ? wait : 1000;
        REQUIRE(++turns < TURNS_MAX);
    }
}

static void run_script(void)
{
    for (unsigned acts = 0; script.left > 0 && acts < ACTS_MAX; acts++) {
        act();
        if (script.left % 2 == 0)
            turn();
    }
    turn();
    go_down();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pinion_stats stats;
    if (!big[0])
        make_files();
    pinion_log_set_level(PINION_LOG_NONE);
    script = (struct input){ .at = data, .left = size };
    token[0] = '\0';
    next_ref = 0;
    memory_script = run_script;
    memory_was_short = false;
    open_endpoint();
    int rc = pinion_endpoint_run(endpoint);
    (void)shortage_end();
    REQUIRE(rc == 0 || (memory_was_short && rc == PINION_ENOMEM));
    pinion_endpoint_stats(endpoint, &stats);
    routes_end();
    REQUIRE(stats.connections == 0 && stats.sockets == 0 && stats.channels == 0);
    for (unsigned i = 0; i < REFS; i++)
        drop_ref(i);
    for (unsigned i = 0; i < PEERS; i++) {
        REQUIRE(!peers[i].conn);
        memory_forget(&peers[i]);
    }
    pinion_endpoint_free(endpoint);
    return 0;
}
