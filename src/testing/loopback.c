#include "testing/loopback.h"
#include "engine/connect.h"
#include "engine/receive.h"
#include "engine/socket_end.h"
#include <assert.h>
#include <stdlib.h>

/* ---- frames ---- */

void pinion__loopback_frame_free(struct pinion_loopback_frame *frame)
{
    pinion__list_remove(&frame->node);
    pinion__frame_unref(frame->frame);
    free(frame);
}

static void clear(struct pinion_list *frames)
{
    while (!pinion__list_empty(frames))
        pinion__loopback_frame_free(PINION_CONTAINER_OF(frames->next, struct pinion_loopback_frame, node));
}

/* Takes the frame, on failure too. */
static int append(struct pinion_list *frames, struct pinion_frame *frame)
{
    struct pinion_loopback_frame *own = frame ? malloc(sizeof *own) : NULL;
    if (!own) {
        pinion__frame_unref(frame);
        return PINION_ENOMEM;
    }
    *own = (struct pinion_loopback_frame){ .frame = frame };
    pinion__list_append(frames, &own->node);
    return 0;
}

/* ---- engine to transport ---- */

static int send_frame(void *conn, struct pinion_frame *frame)
{
    struct pinion_loopback *connection = conn;
    assert(connection->socket);
    return append(&connection->sent, frame);
}

static void resume_later(struct pinion_loopback *connection)
{
    if (connection->resuming)
        return;
    connection->resuming = true;
    pinion__scheduler_defer(connection->shard->scheduler, &connection->resume);
}

static void connected(void *conn, int error, const pinion_payload *reason)
{
    struct pinion_loopback *connection = conn;
    connection->connect_status = error;
    if (error) {
        connection->socket = NULL;
        connection->closed = true;
    } else {
        resume_later(connection);
    }
}

static void pause_receiving(void *conn, bool paused)
{
    struct pinion_loopback *connection = conn;
    connection->paused = paused;
    if (!paused)
        resume_later(connection);
}

static void close_connection(void *conn, uint16_t code)
{
    struct pinion_loopback *connection = conn;
    connection->socket = NULL;
    connection->closed = true;
    connection->close_code = code;
    if (connection->connect_status == PINION_EPENDING)
        connection->connect_status = PINION_ECLOSED;
}

const struct pinion_transport pinion__loopback = {
    .name = "loopback",
    .send = send_frame,
    .connected = connected,
    .pause = pause_receiving,
    .close = close_connection,
};

/* ---- client to engine ---- */

static bool holds_back(const struct pinion_loopback *connection)
{
    return connection->paused || connection->connect_status == PINION_EPENDING;
}

static bool can_resume(const struct pinion_loopback *connection)
{
    return connection->socket && !holds_back(connection) && !pinion__list_empty(&connection->held);
}

static void run_resume(struct pinion_task *task)
{
    struct pinion_loopback *connection = PINION_CONTAINER_OF(task, struct pinion_loopback, resume);
    const struct pinion_scheduler *scheduler = connection->shard->scheduler;
    uint64_t mark = pinion__scheduler_mark(scheduler);
    connection->resuming = false;
    while (can_resume(connection) && pinion__scheduler_mark(scheduler) == mark) {
        struct pinion_loopback_frame *held =
            PINION_CONTAINER_OF(connection->held.next, struct pinion_loopback_frame, node);
        pinion__socket_receive(connection->socket, held->frame->opcode == PINION_OPCODE_BINARY,
                               pinion__frame_wire(held->frame));
        pinion__loopback_frame_free(held);
    }
    if (can_resume(connection)) /* after what the last frame caused */
        resume_later(connection);
}

int pinion__loopback_connect(struct pinion_loopback *connection, struct pinion_shard *shard,
                             const struct pinion_mount *mount, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    struct pinion_connect_info nothing = { .transport = pinion__loopback.name, .peer = "" };
    struct pinion_connect connect = { .mount = mount,
                                      .transport = &pinion__loopback,
                                      .conn = connection,
                                      .params = params,
                                      .info = info ? info : &nothing };
    memset(connection, 0, sizeof *connection);
    connection->shard = shard;
    connection->resume.run = run_resume;
    pinion__list_init(&connection->sent);
    pinion__list_init(&connection->held);
    connection->connect_status = pinion__socket_connect(shard, &connect, &connection->socket);
    pinion_payload_unref(connect.reason);
    return connection->connect_status;
}

static int hold(struct pinion_loopback *connection, int opcode, struct pinion_slice bytes)
{
    struct pinion_frame *copy = pinion__frame_copy(bytes.ptr, bytes.len);
    if (copy)
        copy->opcode = (uint8_t)opcode;
    return append(&connection->held, copy);
}

int pinion__loopback_send(struct pinion_loopback *connection, int opcode, struct pinion_slice bytes)
{
    if (!connection->socket)
        return PINION_ECLOSED;
    if (holds_back(connection) || !pinion__list_empty(&connection->held)) {
        pinion__socket_seen(connection->socket); /* a frame that waits is a sign of life, as over WebSocket */
        return hold(connection, opcode, bytes);
    }
    pinion__socket_receive(connection->socket, opcode == PINION_OPCODE_BINARY, bytes);
    return 0;
}

void pinion__loopback_disconnect(struct pinion_loopback *connection)
{
    struct pinion_socket *socket = connection->socket;
    connection->socket = NULL;
    connection->closed = true;
    if (socket)
        pinion__socket_ended(socket, PINION_REASON_CLOSED);
}

void pinion__loopback_release(struct pinion_loopback *connection)
{
    assert(!connection->socket && !connection->resuming);
    clear(&connection->sent);
    clear(&connection->held);
}
