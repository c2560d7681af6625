/* Whole endpoints where memory runs out, on each I/O engine: from pinion_endpoint_new to _free, with pages,
 * routes, files, WebSocket and long polling on the loopback. Whoever waits for something gets it, or its
 * connection ends; nobody waits in vain. */
#include "helpers/io.h"
#include "helpers/tcp.h"
#include "sweep/sweep.h"
#include <errno.h>
#include <pinion/pinion.h>
#include <stdlib.h>

static pinion_endpoint *endpoint;
#define LARGE 300000 /* bytes of a file: in several pieces */

static char directory[] = "/tmp/pinion-sweep-XXXXXX";
static char body[LARGE + 1];

/* ---- the application ---- */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_assign(channel, "topic", pinion_json("s", topic));
    return pinion_ok(pinion_assigns(channel));
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_reply("ok", pinion_payload_ref(payload));
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "shouted", pinion_payload_ref(payload));
    return pinion_noreply();
}

static const pinion_channel_def room = { .join = join,
                                         .handle_in = PINION_CLAUSES({ "echo", echo }, { "shout", shout }) };
static const pinion_socket_def user = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void page(const pinion_request *request, pinion_response *response, void *unused)
{
    const pinion_payload *params = pinion_request_params(request);
    size_t len;
    const char *bytes = pinion_payload_bytes(params, &len);
    pinion_response_send(response, 200, "application/json", bytes, len);
}

static void route(pinion_request *request, void *unused)
{
    pinion_payload *payload = NULL;
    if (pinion_request_json(request, &payload) != 0)
        return;
    pinion_request_put_cookie(request, "a", pinion_request_path_param(request, "a"), NULL);
    pinion_request_answer_json(request, 200, payload);
}

static void send_file(pinion_request *request, void *unused)
{
    int rc = pinion_request_answer_file(request, directory, pinion_request_path_param(request, "*"),
                                        PINION_HEADERS({ "x-a", "b" }));
    if (rc)
        pinion_request_answer_text(request, 404, "not sent");
}

static void work(void *unused)
{
}

static void later(pinion_request *request, int status, void *unused)
{
    pinion_request_ref *ref = pinion_request_ref_new(request);
    if (ref)
        pinion_request_ref_answer(ref, 200, PINION_HEADERS({ "x-a", "b" }), "later", 5);
    pinion_request_ref_free(ref);
}

static void begin_work(pinion_request *request, void *unused)
{
    if (pinion_request_work(request, work, later, NULL) != 0)
        pinion_request_answer(request, 503, NULL, NULL, 0);
}

static int mount_routes(void)
{
    int rc = pinion_endpoint_http(endpoint, "POST", "/route/:a", route,
                                  &(pinion_http_options){ .accepts = "application/json" });
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "GET", "/sent/*", send_file, NULL);
    return rc ? rc : pinion_endpoint_http(endpoint, "GET", "/later", begin_work, NULL);
}

static int mount_metrics(void)
{
    pinion_counter *counter = NULL;
    pinion_gauge *gauge = NULL;
    int rc = pinion_endpoint_metrics(endpoint, "/metrics", &(pinion_metrics_options){ .token = "t" });
    if (!rc)
        rc = pinion_counter_new(&counter, endpoint, "a_total", "Help.", PINION_LABELS({ "b", "1" }));
    return rc ? rc : pinion_gauge_new(&gauge, endpoint, "a", "Help.", NULL);
}

static int set_up(void)
{
    static const char *const origins[] = { "//localhost", "https://*.example.com", NULL };
    static const char *const subprotocols[] = { "one", "two", NULL };
    const pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 2, .io = io };
    const pinion_socket_options socket = {
        .longpoll = true, .longpoll_window_ms = 1000, .origins = origins, .subprotocols = subprotocols
    };
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (rc)
        return rc;
    rc = pinion_endpoint_socket(endpoint, "/socket", &user, &socket);
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/page", page, NULL);
    if (!rc)
        rc = mount_routes();
    if (!rc)
        rc = mount_metrics();
    if (!rc)
        rc = pinion_endpoint_static(endpoint, "/files", directory);
    return rc ? rc : pinion_endpoint_start(endpoint);
}

/* ---- what all clients do ---- */

/* What did not come must have been ended. */
static bool came(bool whether)
{
    if (!whether && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("%s: a client waits in vain", io);
    return whether;
}

static bool receive(int fd, void *bytes, size_t len)
{
    errno = 0;
    return came(tcp_read(fd, bytes, len));
}

static int dial(void)
{
    int fd = tcp_connect(pinion_endpoint_port(endpoint));
    if (fd < 0)
        fail_msg("%s: no connection to port %u: %d", io, pinion_endpoint_port(endpoint), errno);
    return fd;
}

/* Gives the status, 0 for an end; its body is in `body`, terminated. */
static int request(int fd, const char *text)
{
    char head[2000];
    errno = 0;
    int status = tcp_send(fd, text, strlen(text)) ? tcp_head(fd, head, sizeof head) : 0;
    (void)came(status != 0);
    const char *header = status ? strcasestr(head, "content-length:") : NULL;
    size_t len = header ? strtoul(header + strlen("content-length:"), NULL, 10) : 0;
    if (len >= sizeof body)
        fail_msg("an answer of %zu bytes", len);
    body[0] = '\0';
    if (status == 0 || !receive(fd, body, len))
        return 0;
    body[len] = '\0';
    return status;
}

/* ---- pages and files ---- */

static bool get(const char *target, int wanted)
{
    char text[300];
    int fd = dial(), status = 0;
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    for (int i = 0; i < 2; i++) /* the connection is kept */
        status = request(fd, text);
    close(fd);
    return status == wanted;
}

static bool post(void)
{
    static const char text[] = "POST /route/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n2\r\n,2\r\n1\r\n]\r\n0\r\n\r\n";
    int fd = dial();
    bool works = request(fd, text) == 200 && strcmp(body, "[1,2]") == 0;
    close(fd);
    return works;
}

static bool get_metrics(void)
{
    int fd = dial();
    bool works = request(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n") == 200 &&
                 strstr(body, "\na_total{b=\"1\"} 0\n") && get("/metrics", 401);
    close(fd);
    return works;
}

static bool get_all(void)
{
    bool page = get("/page?a=1&b=%20c", 200), file = get("/files/file.txt", 200);
    bool large = get("/files/large.txt", 200), nothing = get("/files/nothing", 404),
         elsewhere = get("/elsewhere", 404), later_one = get("/later", 200), posted = post();
    bool sent = get("/sent/large.txt", 200), metrics = get_metrics();
    return metrics && later_one && posted && page && file && large && nothing && elsewhere && sent;
}

/* ---- WebSocket ---- */

/* Whole and terminated. False: the connection has ended. */
static bool frame_in(int fd, char *text, size_t size)
{
    uint8_t head[4];
    if (!receive(fd, head, 2))
        return false;
    size_t len = head[1];
    if (len == 126 && !receive(fd, head + 2, 2))
        return false;
    if (len == 126)
        len = (size_t)head[2] << 8 | head[3];
    if (len >= size)
        fail_msg("a frame of %zu bytes", len);
    text[len] = '\0';
    return receive(fd, text, len) && (head[0] & 0x0f) != 8;
}

/* Say it, and listen until the answer with this ref comes, or the channel ends. */
static bool ask(int fd, const char *text, const char *ref)
{
    char frame[2000], quoted[20];
    snprintf(quoted, sizeof quoted, "\"%s\"", ref);
    if (!tcp_say_text(fd, text))
        return false;
    do {
        if (!frame_in(fd, frame, sizeof frame) || strstr(frame, "phx_error"))
            return false;
    } while (!strstr(frame, quoted) || !strstr(frame, "phx_reply"));
    return strstr(frame, "\"ok\"") != NULL;
}

static bool websocket(void)
{
    static const char upgrade[] =
        "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost\r\n"
        "Sec-WebSocket-Protocol: two\r\n" TCP_UPGRADE "\r\n";
    int fd = dial();
    bool works = request(fd, upgrade) == 101;
    works = works && ask(fd, "[\"1\",\"r1\",\"room:1\",\"phx_join\",{\"a\":[1]}]", "r1") &&
            ask(fd, "[\"1\",\"r2\",\"room:1\",\"echo\",{\"text\":\"hello\"}]", "r2") &&
            tcp_say_text(fd, "[\"1\",\"r3\",\"room:1\",\"shout\",{\"text\":\"hello\"}]") &&
            ask(fd, "[null,\"r4\",\"phoenix\",\"heartbeat\",{}]", "r4") &&
            ask(fd, "[\"1\",\"r5\",\"room:1\",\"phx_leave\",{}]", "r5");
    close(fd);
    return works;
}

/* ---- long polling ---- */

static int poll_or_post(int fd, const char *token, const char *message)
{
    char text[2000];
    snprintf(text, sizeof text,
             "%s /socket/longpoll?vsn=2.0.0%s%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             message ? "POST" : "GET", token ? "&token=" : "", token ? token : "",
             message ? strlen(message) : 0, message ? message : "");
    int status = request(fd, text);
    const char *own = status == 200 ? strstr(body, "\"status\":") : NULL;
    return own ? atoi(own + strlen("\"status\":")) : status;
}

static bool read_token(char *token, size_t size)
{
    static const char name[] = "\"token\":\"";
    const char *at = strstr(body, name);
    size_t len = at ? strcspn(at + sizeof name - 1, "\"") : 0;
    if (!at || len >= size)
        return false;
    memcpy(token, at + sizeof name - 1, len);
    token[len] = '\0';
    return true;
}

static bool longpoll(void)
{
    char token[1000];
    int fd = dial();
    bool works = poll_or_post(fd, NULL, NULL) == 410 && read_token(token, sizeof token) &&
                 poll_or_post(fd, token, "[\"1\",\"r1\",\"room:1\",\"phx_join\",{}]\n") == 200 &&
                 poll_or_post(fd, token, NULL) == 200 && strstr(body, "phx_reply");
    close(fd);
    return works;
}

/* ---- the scene ---- */

static int play(void *unused)
{
    endpoint = NULL;
    int rc = set_up();
    if (!rc) {
        bool gets = get_all(), sockets = websocket(), polls = longpoll();
        rc = gets && sockets && polls ? 0 : PINION_ENOMEM;
        pinion_endpoint_stop(endpoint);
    }
    pinion_endpoint_free(endpoint);
    return rc;
}

static void endpoints(void **state)
{
    char name[20];
    snprintf(name, sizeof name, "endpoints, %s", io);
    sweep(name, play, NULL);
}

static int run(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(endpoints) };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

static void path_of(char path[sizeof directory + 20], const char *name)
{
    snprintf(path, sizeof directory + 20, "%s/%s", directory, name);
}

static bool make_file(const char *name, size_t size)
{
    char path[sizeof directory + 20];
    path_of(path, name);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < size; i++)
        fputc('x', file);
    return file && fclose(file) == 0;
}

static void remove_file(const char *name)
{
    char path[sizeof directory + 20];
    path_of(path, name);
    unlink(path);
}

int main(void)
{
    if (!mkdtemp(directory) || !make_file("file.txt", 6) || !make_file("file.txt.gz", 6) ||
        !make_file("large.txt", LARGE))
        return 1;
    pinion_log_set_level(PINION_LOG_NONE);
    int failed = io_for_each(run);
    remove_file("file.txt");
    remove_file("file.txt.gz");
    remove_file("large.txt");
    rmdir(directory);
    return failed;
}
