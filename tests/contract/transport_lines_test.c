/* examples/lines fulfils the contract of transports. */
#include "contract/transport_server.h"
#include "lines/lines.h"

struct client {
    int fd;
    int code; /* of the end */
    bool over;
    size_t length; /* of the line */
    char line[20000];
};

static pinion_endpoint *start(const char *on, const pinion_socket_def *socket,
                              const pinion_socket_options *options)
{
    server_new(on, socket, options);
    assert_int_equal(lines_listen(server, "127.0.0.1", 0, "/socket"), 0);
    assert_int_equal(pinion_endpoint_start(server), 0);
    return server;
}

/* False: there is no more. */
static bool read_line(struct client *client)
{
    size_t length = tcp_read_through(client->fd, "\n", client->line, sizeof client->line);
    if (length == 0) {
        assert_true(strlen(client->line) + 1 < sizeof client->line);
        return false;
    }
    client->length = length - 1;
    client->line[client->length] = '\0';
    return true;
}

static void hang_up(void *data)
{
    struct client *client = data;
    close(client->fd);
    free(client);
}

static void send_line(void *data, bool binary, const void *bytes, size_t length)
{
    struct client *client = data;
    char *line = malloc(length + 1);
    assert_false(binary);
    memcpy(line, bytes, length);
    line[length] = '\n';
    (void)tcp_send(client->fd, line, length + 1);
    free(line);
}

static int connect_lines(const char *query, void **out)
{
    struct client *client = calloc(1, sizeof *client);
    client->fd = tcp_connect(lines_port(server));
    assert_true(client->fd >= 0);
    send_line(client, false, query, strlen(query));
    assert_true(read_line(client));
    if (strcmp(client->line, "ok") == 0) {
        *out = client;
        return 0;
    }
    assert_memory_equal(client->line, "refused ", 8);
    assert_false(read_line(client));
    hang_up(client);
    return PINION_EACCES;
}

static struct transport_event next(void *data)
{
    struct client *client = data;
    if (!client->over && read_line(client) && sscanf(client->line, "close %d", &client->code) != 1)
        return (struct transport_event){ TRANSPORT_TEXT, client->line, client->length, 0 };
    if (!client->over && client->code)
        assert_false(read_line(client)); /* it was the last one */
    client->over = true;
    return (struct transport_event){ .kind = TRANSPORT_END, .code = client->code };
}

static const struct carrier lines = {
    .name = "lines",
    .close_codes = true,
    .start = start,
    .stop = server_stop,
    .release = server_release,
    .connect = connect_lines,
    .send = send_line,
    .next = next,
    .hang_up = hang_up,
};

static int run(void)
{
    return transport_suite(&lines, io);
}

int main(void)
{
    return io_for_each(run);
}
