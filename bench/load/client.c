#include "client.h"
#include "die.h"
#include "handshake.h"
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kind of an operation, in the low bits of its user_data. */
enum operation { CONNECT, RECEIVE, SEND, STALL };

#define OPERATION_BITS 3

/* Connections from one source address. Of its 65,536 ports some are in use, and some wait for a minute. */
#define PORTS_PER_ADDRESS 8192
#define SOURCE_ADDRESSES  200

#define CLOSE_NORMAL "\x03\xe8" /* 1000 */

static uint64_t tag(struct client *client, enum operation operation)
{
    return (uintptr_t)client | operation;
}

/* ---- its end ---- */

void client_release(struct client *client)
{
    if (client->state == CLIENT_FREE)
        return;
    close(client->fd);
    outbuf_release(&client->out);
    free(client->response.bytes);
    client->response = (struct outbuf_part){ 0 };
    client->state = CLIENT_FREE;
}

static void finish_if_over(struct client *client)
{
    if (!client->closed || client->operations > 0)
        return;
    client_release(client);
    client->load->events->gone(client, client->why);
}

/* The connection is of no use any more: end it. */
static void end(struct client *client, const char *why)
{
    if (client->closed)
        return;
    client->closed = true;
    client->why = why;
    client->state = CLIENT_CLOSING;
    shutdown(client->fd, SHUT_RDWR);
}

void client_hang_up(struct client *client)
{
    end(client, NULL);
}

/* ---- sending ---- */

void client_flush(struct client *client)
{
    const uint8_t *bytes;
    size_t len;
    if (client->sending || client->closed || !outbuf_next(&client->out, &bytes, &len))
        return;
    struct io_uring_sqe *sqe = ring_sqe(&client->load->ring);
    io_uring_prep_send(sqe, client->fd, bytes, len, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->user_data = tag(client, SEND);
    client->operations++;
    client->sending = true;
}

void client_queue(struct client *client, const struct frame *frame, uint64_t number)
{
    frame_write(frame, number, outbuf_extend(&client->out, frame->len));
}

static void on_sent(struct client *client, int result)
{
    client->sending = false;
    if (result <= 0) {
        end(client, "sending failed");
        return;
    }
    outbuf_sent(&client->out, (size_t)result);
    client_flush(client);
}

static void send_control(struct client *client, uint8_t opcode, const char *bytes, size_t len)
{
    struct text text = { .chars = must_calloc(1, len + 1), .len = len, .number_at = NO_NUMBER };
    if (len > 0)
        memcpy(text.chars, bytes, len);
    struct frame frame = frame_new(opcode, text);
    client_send(client, &frame, 0);
    frame_release(&frame);
}

void client_close(struct client *client)
{
    client->state = CLIENT_CLOSING;
    client->expected = NULL;
    send_control(client, OPCODE_CLOSE, CLOSE_NORMAL, 2);
}

/* ---- joining and leaving, step by step ---- */

static void take_step(struct client *client, const struct steps *steps)
{
    const struct step *step = &steps->step[client->step];
    client->expected = &step->hear;
    if (step->say.bytes)
        client_send(client, &step->say, 0);
}

static void start_steps(struct client *client, enum client_state state, const struct steps *steps)
{
    client->state = (uint8_t)state;
    client->step = 0;
    take_step(client, steps);
}

/* Go on with the steps. True: they are done. */
static bool next_step(struct client *client, const struct steps *steps)
{
    client->expected = NULL;
    if (++client->step == steps->count)
        return true;
    take_step(client, steps);
    return false;
}

void client_leave(struct client *client)
{
    start_steps(client, CLIENT_LEAVING, &client->conversation->leave);
}

static void on_message(struct client *client)
{
    const struct client_events *events = client->load->events;
    if (client->state == CLIENT_JOINED) {
        events->received(client, client->number);
    } else if (client->state == CLIENT_JOINING && next_step(client, &client->conversation->join)) {
        client->state = CLIENT_JOINED;
        events->joined(client);
    } else if (client->state == CLIENT_LEAVING && next_step(client, &client->conversation->leave)) {
        client->state = CLIENT_LEFT;
        events->left(client);
    }
}

/* ---- input ---- */

static _Noreturn void unexpected(const struct client *client, const struct frame_piece *piece)
{
    if (!client->expected)
        die("an unexpected message on topic %u: %.*s", client->topic, (int)piece->len, piece->bytes);
    die("on topic %u, from byte %llu of %llu on, expected\n  %.300s\ngot\n  %.*s", client->topic,
        (unsigned long long)piece->offset, (unsigned long long)piece->total, client->expected->text.chars,
        (int)(piece->len < 300 ? piece->len : 300), piece->bytes);
}

static bool is_ping(const struct dialect *dialect, const struct frame_piece *piece)
{
    return dialect->ping && piece->opcode == OPCODE_TEXT && piece->total == strlen(dialect->ping) &&
           piece->len == piece->total && memcmp(piece->bytes, dialect->ping, piece->len) == 0;
}

static void on_control(struct client *client, const struct frame_piece *piece)
{
    if (piece->opcode == OPCODE_PING && piece->len == piece->total)
        send_control(client, OPCODE_PONG, (const char *)piece->bytes, piece->len);
    else if (piece->opcode == OPCODE_CLOSE && client->state != CLIENT_CLOSING)
        end(client, "the server sent a close frame");
}

static void on_piece(struct client *client, const struct frame_piece *piece)
{
    const struct dialect *dialect = client->load->dialect;
    if (piece->opcode >= OPCODE_CLOSE) {
        on_control(client, piece);
    } else if (is_ping(dialect, piece)) {
        send_control(client, OPCODE_TEXT, dialect->pong, strlen(dialect->pong));
    } else if (client->state != CLIENT_CLOSING) {
        if (!client->expected || !pattern_matches(client->expected, piece, &client->number))
            unexpected(client, piece);
        if (piece->offset + piece->len == piece->total)
            on_message(client);
    }
}

static void on_frames(struct client *client, const uint8_t *bytes, size_t len)
{
    struct frame_piece piece;
    enum frame_result result;
    size_t at = 0;
    while (!client->closed &&
           (result = frame_parse(&client->parser, bytes, len, &at, &piece)) != FRAME_NEED_MORE) {
        if (result == FRAME_ERROR)
            die("not a WebSocket frame of a server, on topic %u", client->topic);
        on_piece(client, &piece);
    }
}

static void upgraded(struct client *client, const char *head)
{
    const char *refusal = handshake_refusal(head);
    if (refusal)
        end(client, refusal);
    else
        start_steps(client, CLIENT_JOINING, &client->conversation->join);
}

/* Collect the head of the response. Frames follow it. */
static void on_response(struct client *client, const uint8_t *bytes, size_t len)
{
    struct outbuf_part *head = &client->response;
    head->bytes = must_realloc(head->bytes, head->len + len + 1);
    memcpy(head->bytes + head->len, bytes, len);
    head->len += len;
    head->bytes[head->len] = '\0';
    uint8_t *end_of_head = memmem(head->bytes, head->len, "\r\n\r\n", 4);
    if (!end_of_head) {
        if (head->len > RESPONSE_MAX)
            end(client, "the upgrade was answered with no end");
        return;
    }
    struct outbuf_part taken = *head;
    client->response = (struct outbuf_part){ 0 };
    uint8_t *rest = end_of_head + 4;
    size_t rest_len = taken.len - (size_t)(rest - taken.bytes);
    uint8_t first = *rest;
    *rest = '\0';
    upgraded(client, (const char *)taken.bytes);
    *rest = first;
    if (!client->closed)
        on_frames(client, rest, rest_len);
    free(taken.bytes);
}

static void on_received(struct client *client, const struct io_uring_cqe *cqe)
{
    struct ring *ring = &client->load->ring;
    if (cqe->res > 0) {
        const uint8_t *bytes = ring_buffer(ring, cqe);
        if (!client->closed && client->state == CLIENT_UPGRADING)
            on_response(client, bytes, (size_t)cqe->res);
        else if (!client->closed)
            on_frames(client, bytes, (size_t)cqe->res);
        ring_recycle(ring, cqe);
    }
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    if (!client->stalled && (cqe->res > 0 || cqe->res == -ENOBUFS)) {
        ring_recv(ring, client->fd, tag(client, RECEIVE));
        return;
    }
    client->operations--;
    if (client->stalled)
        return;
    if (client->state == CLIENT_CLOSING)
        end(client, NULL);
    else
        end(client, cqe->res == 0 ? "the server hung up" : strerror(-cqe->res));
}

void client_stall(struct client *client)
{
    client->stalled = true;
    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
    struct io_uring_sqe *sqe = ring_sqe(&client->load->ring);
    io_uring_prep_cancel64(sqe, tag(client, RECEIVE), 0);
    sqe->user_data = tag(client, STALL);
    client->operations++;
}

/* ---- connecting ---- */

static void on_connected(struct client *client, int result)
{
    struct load *load = client->load;
    client->operations--;
    if (client->closed)
        return;
    if (result < 0) {
        end(client, strerror(-result));
        return;
    }
    client->state = CLIENT_UPGRADING;
    outbuf_append(&client->out, load->request, strlen(load->request));
    client_flush(client);
    ring_recv(&load->ring, client->fd, tag(client, RECEIVE));
    client->operations++;
}

/* On the loopback there are enough addresses for any number of connections. Elsewhere the system chooses one.
 */
static void choose_source(struct load *load, int fd)
{
    uint32_t lot = (uint32_t)(load->opened++ / PORTS_PER_ADDRESS % SOURCE_ADDRESSES);
    if (lot == 0 || ntohl(load->address.sin_addr.s_addr) != INADDR_LOOPBACK)
        return;
    struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + lot) };
    setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 }, sizeof(int));
    if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
        die("bind: %s", strerror(errno));
}

void client_start(struct client *client, const struct conversation *conversation, unsigned topic)
{
    struct load *load = client->load;
    *client = (struct client){ .load = load, .conversation = conversation, .topic = topic };
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        die("socket: %s", strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    choose_source(load, client->fd);
    client->state = CLIENT_CONNECTING;
    struct io_uring_sqe *sqe = ring_sqe(&load->ring);
    io_uring_prep_connect(sqe, client->fd, (struct sockaddr *)&load->address, sizeof load->address);
    sqe->user_data = tag(client, CONNECT);
    client->operations++;
}

void client_completed(struct load *load, const struct io_uring_cqe *cqe)
{
    struct client *client = (struct client *)(uintptr_t)(cqe->user_data & ~((1ull << OPERATION_BITS) - 1));
    switch ((enum operation)(cqe->user_data & ((1 << OPERATION_BITS) - 1))) {
    case CONNECT:
        on_connected(client, cqe->res);
        break;
    case RECEIVE:
        on_received(client, cqe);
        break;
    case SEND:
        client->operations--;
        on_sent(client, cqe->res);
        break;
    case STALL:
        client->operations--;
        break;
    }
    finish_if_over(client);
}
