/* The in-process transport, for tests. Frames go from memory to memory, without a file descriptor or a
 * thread. */
#ifndef PINION_TESTING_LOOPBACK_H
#define PINION_TESTING_LOOPBACK_H

#include "engine/socket.h"

struct pinion_loopback {
    struct pinion_socket *socket; /* NULL once either side has ended */
    struct pinion_shard *shard;
    struct pinion_list sent;   /* frames for the client: struct pinion_loopback_frame */
    struct pinion_list held;   /* frames from the client, while the engine holds them back */
    struct pinion_task resume; /* delivers what was held back */
    int connect_status;        /* PINION_EPENDING until the application has answered */
    uint16_t close_code;
    bool closed;
    bool paused;
    bool resuming;
};

struct pinion_loopback_frame {
    struct pinion_list node;
    struct pinion_frame *frame;
};

/* Connect. `info` is borrowed for the call; NULL: nothing is known of the client. The caller owns
 * *connection, and releases it with pinion__loopback_release. Errors: those of pinion__socket_connect.
 * PINION_EPENDING: connect_status has the answer later. */
int pinion__loopback_connect(struct pinion_loopback *connection, struct pinion_shard *shard,
                             const struct pinion_mount *mount, const pinion_payload *params,
                             const pinion_connect_info *info);

/* Deliver a frame from the client. PINION_ECLOSED; PINION_ENOMEM. */
int pinion__loopback_send(struct pinion_loopback *connection, int opcode, struct pinion_slice bytes);

/* The client goes away. */
void pinion__loopback_disconnect(struct pinion_loopback *connection);

void pinion__loopback_frame_free(struct pinion_loopback_frame *frame);

/* Free the frames that it holds. The scheduler must have run since the disconnect. */
void pinion__loopback_release(struct pinion_loopback *connection);

extern const struct pinion_transport pinion__loopback;

#endif
