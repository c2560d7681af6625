/* Long polling fulfils the contract of transports. Each frame is a request of its own, answered before the
 * next is sent; so they keep their order. */
#include "contract/transport_server.h"

struct client {
    int fd;
    bool over;
    char query[1000]; /* with the token */
    json_t *messages; /* that came and were not taken */
    json_t *taken;
};

static pinion_endpoint *start(const char *on, const pinion_socket_def *socket,
                              const pinion_socket_options *options)
{
    pinion_socket_options own = options ? *options : (pinion_socket_options){ 0 };
    own.longpoll = true;
    server_new(on, socket, &own);
    assert_int_equal(pinion_endpoint_start(server), 0);
    return server;
}

static void hang_up(void *data)
{
    struct client *client = data;
    close(client->fd);
    json_decref(client->messages);
    json_decref(client->taken);
    free(client);
}

/* ---- requests ---- */

static json_t *read_answer(int fd)
{
    char head[2000];
    size_t length;
    if (tcp_head(fd, head, sizeof head) != 200)
        return NULL;
    const char *header = strcasestr(head, "content-length:");
    assert_non_null(header);
    length = strtoul(header + strlen("content-length:"), NULL, 10);
    char *body = malloc(length + 1);
    assert_true(tcp_read(fd, body, length));
    json_t *answer = json_loadb(body, length, 0, NULL);
    free(body);
    assert_non_null(answer);
    return answer;
}

#define HEAD_SIZE 2000

/* NULL: the server has gone. */
static json_t *request(struct client *client, const char *method, const void *body, size_t length)
{
    char *bytes = malloc(HEAD_SIZE + length);
    int size = snprintf(bytes, HEAD_SIZE,
                        "%s /socket/longpoll?%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        method, client->query, length);
    memcpy(bytes + size, body, length);
    bool sent =
        tcp_send(client->fd, bytes, (size_t)size + length); /* in one: the kernel holds back a second */
    free(bytes);
    return sent ? read_answer(client->fd) : NULL;
}

static int status_of(json_t *answer)
{
    return answer ? (int)json_integer_value(json_object_get(answer, "status")) : 410;
}

/* ---- the client ---- */

static int connect_longpoll(const char *query, void **out)
{
    struct client *client = calloc(1, sizeof *client);
    client->fd = tcp_connect(pinion_endpoint_port(server));
    client->messages = json_array();
    assert_true(client->fd >= 0);
    snprintf(client->query, sizeof client->query, "%s", query);
    json_t *answer = request(client, "GET", "", 0);
    int status = status_of(answer);
    if (status == 410) {
        const char *token = json_string_value(json_object_get(answer, "token"));
        assert_non_null(token);
        snprintf(client->query, sizeof client->query, "%s&token=%s", query, token);
        *out = client;
    } else {
        assert_int_equal(status, 403);
        hang_up(client);
    }
    json_decref(answer);
    return status == 410 ? 0 : PINION_EACCES;
}

static size_t base64(const unsigned char *bytes, size_t length, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = out;
    for (size_t i = 0; i < length; i += 3) {
        unsigned three = (unsigned)bytes[i] << 16;
        three |= i + 1 < length ? (unsigned)bytes[i + 1] << 8 : 0;
        three |= i + 2 < length ? bytes[i + 2] : 0;
        *at++ = digits[three >> 18];
        *at++ = digits[three >> 12 & 63];
        *at++ = i + 1 < length ? digits[three >> 6 & 63] : '=';
        *at++ = i + 2 < length ? digits[three & 63] : '=';
    }
    return (size_t)(at - out);
}

static void send_message(void *data, bool binary, const void *bytes, size_t length)
{
    char *body = malloc(2 * length + 8);
    if (binary)
        length = base64(bytes, length, body);
    else
        memcpy(body, bytes, length);
    body[length] = '\n';
    json_t *answer = request(data, "POST", body, length + 1);
    assert_true(status_of(answer) == 200 || status_of(answer) == 410);
    json_decref(answer);
    free(body);
}

static void poll_messages(struct client *client)
{
    json_t *answer = request(client, "GET", "", 0);
    int status = answer ? status_of(answer) : 500;
    assert_true(status == 200 || status == 204 || status == 500);
    client->over = status == 500;
    if (!client->over)
        json_array_extend(client->messages, json_object_get(answer, "messages"));
    json_decref(answer);
}

static struct transport_event next(void *data)
{
    struct client *client = data;
    while (!client->over && json_array_size(client->messages) == 0)
        poll_messages(client);
    if (json_array_size(client->messages) == 0)
        return (struct transport_event){ .kind = TRANSPORT_END };
    json_decref(client->taken);
    client->taken = json_incref(json_array_get(client->messages, 0));
    json_array_remove(client->messages, 0);
    return (struct transport_event){ TRANSPORT_TEXT, json_string_value(client->taken),
                                     json_string_length(client->taken), 0 };
}

static const struct carrier longpoll = {
    .name = "longpoll",
    .binary_up = true,
    .is_polled = true,
    .start = start,
    .stop = server_stop,
    .release = server_release,
    .connect = connect_longpoll,
    .send = send_message,
    .next = next,
    .hang_up = hang_up,
};

static int run(void)
{
    return transport_suite(&longpoll, io);
}

int main(void)
{
    return io_for_each(run);
}
