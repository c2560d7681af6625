/* Raw sockets: a client's connection without channels. The application gets every message as it came and
 * sends what it likes, over the same transports, mounts and checks as sockets with channels
 * (pinion/socket.h).
 *
 * Thread: as channels (pinion/channel.h): the loop of the connection, one callback at a time, none inside
 * another.
 */
#ifndef PINION_RAW_SOCKET_H
#define PINION_RAW_SOCKET_H

#include <pinion/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a raw socket does. Every member may be NULL.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_raw_socket_def {
    /* As those of pinion_socket_def. */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);
    int (*id)(pinion_socket *socket, char *text, size_t size);

    /* The connection is open: pinion_raw_push works from here on. It comes before every other callback except
     * connect and id. */
    pinion_result (*init)(pinion_socket *socket);

    /* A message came: text (valid UTF-8) or binary. `bytes` are borrowed for the call, and not terminated.
     * Answers pinion_noreply(), pinion_stop(reason), which ends the socket, pinion_later() when it began work
     * on pinion_raw_channel, or pinion_crash(). */
    pinion_result (*handle_in)(pinion_socket *socket, bool binary, const char *bytes, size_t length);

    /* A message from a timer, a ref, or a topic that pinion_raw_channel subscribes to. Answers as handle_in.
     * NULL: they are logged and dropped. */
    pinion_result (*handle_info)(pinion_socket *socket, const pinion_info *info);

    /* The socket has ended, and nothing reaches the client any more. Exactly once for each that was open. */
    void (*terminate)(pinion_socket *socket, pinion_reason reason);

    /* The client has caught up: as `drained` of pinion_channel_def. Answers as handle_info. */
    pinion_result (*drained)(pinion_socket *socket);
} pinion_raw_socket_def;

/* Send a message to the client. The result need not be checked.
 *
 * Ownership: the bytes are copied.
 *
 * Order: messages arrive in the order of the calls.
 *
 * Errors: PINION_ECLOSED: the socket has ended, or is not open yet (connect, id); PINION_EUTF8: a text that
 * is not UTF-8; PINION_ENOTSUP: a binary message, over a transport that has none (long polling);
 * PINION_ENOMEM: out of memory, and the socket is closed, since its client would never know what it missed.
 */
PINION_API int pinion_raw_push(pinion_socket *socket, bool binary, const void *bytes, size_t length);

/* A channel that stands for the raw socket where a channel is asked for: pinion_subscribe, pinion_send_after,
 * pinion_ref_new with pinion_ref_send, pinion_channel_work. It has no topic of its own (its name is the
 * mount's path), so pinion_push and pinion_broadcast answer PINION_ENOTSUP.
 *
 * Lifetime: from init until terminate is called; NULL before and after. */
PINION_API pinion_channel *pinion_raw_channel(pinion_socket *socket);

/* Mount a raw socket: as pinion_endpoint_socket in everything else.
 *
 * Errors: those of pinion_endpoint_socket that are not about routes and clauses. */
PINION_API PINION_CHECKED int pinion_endpoint_raw_socket_sized(pinion_endpoint *endpoint, const char *path,
                                                               const pinion_raw_socket_def *socket,
                                                               const pinion_socket_options *options,
                                                               const pinion_mount_sizes *sizes);
static inline PINION_CHECKED int pinion_endpoint_raw_socket(pinion_endpoint *endpoint, const char *path,
                                                            const pinion_raw_socket_def *socket,
                                                            const pinion_socket_options *options)
{
    const pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof(pinion_raw_socket_def));
    return pinion_endpoint_raw_socket_sized(endpoint, path, socket, options, &sizes);
}

#ifdef __cplusplus
}
#endif
#endif
