/* WebSocket fulfils the contract of transports. */
#include "contract/transport_server.h"

struct client {
    int fd;
    int code; /* of the end */
    bool over;
    bool said_close;
    char *frame;
};

static pinion_endpoint *start(const char *on, const pinion_socket_def *socket,
                              const pinion_socket_options *options)
{
    server_new(on, socket, options);
    assert_int_equal(pinion_endpoint_start(server), 0);
    return server;
}

static void hang_up(void *data)
{
    struct client *client = data;
    close(client->fd);
    free(client->frame);
    free(client);
}

static int connect_websocket(const char *query, void **out)
{
    static const char format[] = "GET /socket/websocket?%s HTTP/1.1\r\nHost: x\r\n" TCP_UPGRADE "\r\n";
    struct client *client = calloc(1, sizeof *client);
    char text[1000];
    int length = snprintf(text, sizeof text, format, query);
    client->fd = tcp_connect(pinion_endpoint_port(server));
    assert_true(client->fd >= 0);
    assert_true(tcp_send(client->fd, text, (size_t)length));
    int status = tcp_head(client->fd, text, sizeof text);
    if (status == 101) {
        *out = client;
        return 0;
    }
    assert_int_equal(status, 403);
    hang_up(client);
    return PINION_EACCES;
}

static void send_frame(struct client *client, int opcode, const void *bytes, size_t length)
{
    assert_true(length <= TCP_FRAME_MAX);
    (void)tcp_say_frame(client->fd, opcode, bytes, length);
}

static void send_message(void *client, bool binary, const void *bytes, size_t length)
{
    send_frame(client, binary ? 2 : 1, bytes, length);
}

static void say_close(void *data, int code)
{
    struct client *client = data;
    send_frame(client, 8, (uint8_t[]){ (uint8_t)(code >> 8), (uint8_t)code }, 2);
    client->said_close = true;
}

/* Its opcode; 0: there is none. */
static int read_frame(struct client *client, size_t *length)
{
    uint8_t head[4];
    if (!tcp_read(client->fd, head, 2))
        return 0;
    *length = head[1];
    assert_true(*length < 127);
    if (*length == 126) {
        assert_true(tcp_read(client->fd, head + 2, 2));
        *length = (size_t)head[2] << 8 | head[3];
    }
    free(client->frame);
    client->frame = malloc(*length + 1);
    assert_true(tcp_read(client->fd, client->frame, *length));
    return head[0] & 15;
}

/* The close frame is the last, and it is answered. */
static void end(struct client *client, size_t length)
{
    assert_int_equal(length, 2);
    client->code = (uint8_t)client->frame[0] << 8 | (uint8_t)client->frame[1];
    if (!client->said_close)
        say_close(client, client->code);
    assert_int_equal(read_frame(client, &length), 0);
}

static struct transport_event next(void *data)
{
    struct client *client = data;
    size_t length = 0;
    int opcode = client->over ? 0 : read_frame(client, &length);
    if (opcode == 1 || opcode == 2)
        return (struct transport_event){ opcode == 2 ? TRANSPORT_BINARY : TRANSPORT_TEXT, client->frame,
                                         length, 0 };
    if (opcode == 8)
        end(client, length);
    client->over = true;
    return (struct transport_event){ .kind = TRANSPORT_END, .code = client->code };
}

static const struct carrier websocket = {
    .name = "websocket",
    .binary_up = true,
    .binary_down = true,
    .close_codes = true,
    .start = start,
    .stop = server_stop,
    .release = server_release,
    .connect = connect_websocket,
    .send = send_message,
    .next = next,
    .say_close = say_close,
    .hang_up = hang_up,
};

static int run(void)
{
    return transport_suite(&websocket, io);
}

int main(void)
{
    return io_for_each(run);
}
