/* The in-process transport: frames go from memory to memory. For tests; no file descriptor, no thread. */
#ifndef PINION_TESTING_LOOPBACK_H
#define PINION_TESTING_LOOPBACK_H

#include "engine/socket.h"

struct pinion_loopback {
    struct pinion_socket *socket; /* NULL once either side has ended */
    struct pinion_shard *shard;
    struct pinion_list sent; /* to the client: struct pinion_loopback_frame */
    struct pinion_list held; /* from the client, while the engine holds frames back */
    struct pinion_task resume;
    int connect_status; /* PINION_EPENDING until the application has answered */
    uint16_t close_code;
    bool closed;
    bool paused;
    bool resuming;
};

struct pinion_loopback_frame {
    struct pinion_list node;
    struct pinion_frame *frame;
};

/* Connect; *connection is the caller's, and must stay until pinion__loopback_release. Errors as
 * pinion__socket_connect; PINION_EPENDING is no error: connect_status says later how it came out. */
int pinion__loopback_connect(struct pinion_loopback *connection, struct pinion_shard *shard,
                             const struct pinion_mount *mount, const pinion_payload *params);

/* A frame from the client. PINION_ECLOSED, PINION_ENOMEM. */
int pinion__loopback_send(struct pinion_loopback *connection, int opcode, struct pinion_slice bytes);

/* The client goes away. */
void pinion__loopback_disconnect(struct pinion_loopback *connection);

void pinion__loopback_frame_free(struct pinion_loopback_frame *frame);

/* Free what it holds. The scheduler must have run since the disconnect. */
void pinion__loopback_release(struct pinion_loopback *connection);

extern const struct pinion_transport pinion__loopback;

#endif
