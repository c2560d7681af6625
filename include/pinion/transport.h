/* Transports: what carries a socket's frames. Pinion has WebSocket and long polling. This header is the
 * contract they fulfil, for those who write another. examples/lines is one; the suite
 * share/pinion/contract/transport.h checks any.
 *
 * A transport knows no topic and no channel. It carries frames, text or binary, and reports the end. For each
 * client there are two objects: the transport's `conn`, and the engine's pinion_socket.
 *
 * The transport calls the engine: pinion_transport_connect, _receive, _seen, _ended. The engine calls the
 * transport: the table below.
 *
 * Thread: all calls for one client are made on one of the endpoint's loops, which stays the same for the life
 * of the client. It is the loop of its pinion_stream (pinion/stream.h), or of a function given to
 * pinion_endpoint_post.
 *
 * Lifetime: the side that ends first says so once; after that neither side calls the other. The transport
 * says so by pinion_transport_ended, the engine by ->close. Either may do it from inside a call of the other.
 * So a transport must look at its own state after each call into the engine. */
#ifndef PINION_TRANSPORT_H
#define PINION_TRANSPORT_H

#include <pinion/connect.h>
#include <pinion/endpoint.h>
#include <pinion/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Close codes (RFC 6455 section 7.4). They decide whether a client reconnects. 1000 is never used for a
 * client that should. */
typedef enum pinion_close_code {
    PINION_CLOSE_NORMAL = 1000,     /* All is done: the client stays away. */
    PINION_CLOSE_GOING_AWAY = 1001, /* The client was told to disconnect. */
    PINION_CLOSE_PROTOCOL = 1002,   /* The client broke the framing, or was silent for too long. */
    PINION_CLOSE_NO_STATUS = 1005,  /* The peer closed without a code. Never sent. */
    PINION_CLOSE_BAD_UTF8 = 1007,   /* Text that is not UTF-8. */
    PINION_CLOSE_POLICY = 1008,     /* The client does not read, or broke another rule of the server. */
    PINION_CLOSE_TOO_BIG = 1009,    /* A message over max_message. */
    PINION_CLOSE_INTERNAL = 1011,   /* A message that cannot be decoded, or a fault of the server. */
    PINION_CLOSE_RESTART = 1012,    /* The server shuts down. */
} pinion_close_code;

/* One transport.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_transport {
    const char *name; /* Its name, as channels see it: "websocket". */
    bool finds_idle;  /* The transport itself detects clients that have gone: the mount's timeout_ms does
                         not apply. Default: false. */

    /* Add this transport's framing to a newly encoded frame, in its headroom (pinion_frame_set_head) or by
     * making another frame. Consumes the frame; returns NULL when out of memory. Called once for each loop
     * and broadcast, not for each subscriber. Default: NULL, no framing. */
    pinion_frame *(*frame)(pinion_frame *frame);

    /* Queue a framed frame, in order, and do not wait. Consumes the frame's reference, on failure too. It may
     * end a connection that has too much queued, from inside the call.
     *
     * Errors: PINION_ECLOSED: the connection has ended; PINION_ENOTSUP: cannot carry this opcode;
     * PINION_EBUSY: dropped, as the mount's drop_broadcasts asks for; PINION_ENOMEM: out of memory. */
    int (*send)(void *conn, pinion_frame *frame);

    /* Tell the client the outcome of a connect that was answered later. `error` is 0, or what
     * pinion_transport_connect would have returned. `reason` is the reason of a refusal, or NULL; it is
     * borrowed. On an error the socket has gone. */
    void (*connected)(void *conn, int error, const pinion_payload *reason);

    /* Hold back the client's frames without losing them, or deliver them again. Do not deliver from inside
     * this call. The engine may call it from inside pinion_transport_receive. */
    void (*pause)(void *conn, bool paused);

    /* Close the connection with this code, after all that was sent. The socket has gone. */
    void (*close)(void *conn, uint16_t code);

    /* Write the address of the client for the log, as terminated text. NULL: the engine keeps what connect
     * was told. */
    void (*peer)(void *conn, char *text, size_t size);

    /* ---- the queue of a connection, for pinion_transport_admit ---- */

    /* How much waits for the client: bytes of memory, by the measure that `admit` is given for a frame. 0:
     * nothing waits. NULL: no limit. */
    size_t (*waiting)(void *conn);

    /* Send now what can be sent. A burst within one turn of the loop is not yet a slow client. NULL: that is
     * no help. */
    void (*flush)(void *conn);

    /* Drop the oldest frames that are pinion_frame_is_droppable, until no more than `most` waits, or none of
     * them is left. Returns how many were dropped. NULL: none can be. */
    size_t (*drop)(void *conn, size_t most);

    /* How many times max_queue may wait before the client counts as one that does not read: more than once
     * while it cannot be expected to. Not 0. NULL: once. */
    size_t (*allowance)(void *conn);

    /* ---- frames that wait for others, for pinion_transport_gather ---- */

    /* Send, at the end of this turn of the loop, what waits for others. It must not end the connection. NULL:
     * the transport lets no frame wait. */
    void (*send_gathered)(void *conn);

    /* ---- the queue of a connection, for pinion_socket_queued ---- */

    /* All that waits for the client, by the measure of ->waiting, which may leave out what it forgives a
     * client. NULL: what ->waiting says. */
    size_t (*queued)(void *conn);
} pinion_transport;

/* What a transport knows of the request that brought a client, for pinion/connect.h. A member that the
 * transport has no value for is zero. */
struct pinion_connect_info {
    const char *transport;   /* The transport's name. */
    const char *peer;        /* The client's address, as text. */
    uint16_t peer_port;      /* The client's port. */
    pinion_uri uri;          /* The request's URI. */
    pinion_slice auth_token; /* For pinion_connect_auth_token. */
    void *request;           /* Passed to the functions below, which may be NULL. */
    /* For pinion_connect_header and pinion_connect_headers. */
    pinion_slice (*header)(void *request, const char *name);
    void (*headers)(void *request, const char *prefix, pinion_header_fn *fn, void *data);
    /* In place of ->peer and ->peer_port, if ->peer is NULL: looks up the client's address and port when the
     * application asks for them. The transport's own ->peer must tell this address later. */
    const char *(*find_peer)(void *request, uint16_t *port);
};

/* Connect a client to the socket mounted at `path`, with parameters from a query string, as in a URL. 0: *out
 * is an open socket. PINION_EPENDING: *out is a socket, and ->connected gives the outcome later. On any other
 * error there is no socket.
 *
 * Ownership: query and info are borrowed for the call. *reason is the caller's to unref, or NULL; `reason`
 * itself may be NULL.
 *
 * Errors: PINION_EACCES: refused, *reason says why; PINION_EPROTO: not a valid query string; PINION_ENOENT:
 * no socket is mounted at `path`; PINION_EINVAL: this thread is not one of the endpoint's loops;
 * PINION_ECLOSED: the server shuts down; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_transport_connect_sized(pinion_endpoint *endpoint, const char *path,
                                                             const pinion_transport *transport, void *conn,
                                                             const char *query,
                                                             const pinion_connect_info *info,
                                                             pinion_socket **out, pinion_payload **reason,
                                                             size_t transport_size, size_t info_size);
static inline PINION_CHECKED int pinion_transport_connect(pinion_endpoint *endpoint, const char *path,
                                                          const pinion_transport *transport, void *conn,
                                                          const char *query, const pinion_connect_info *info,
                                                          pinion_socket **out, pinion_payload **reason)
{
    return pinion_transport_connect_sized(endpoint, path, transport, conn, query, info, out, reason,
                                          sizeof(pinion_transport), sizeof(pinion_connect_info));
}

/* Hand in a whole frame from the client. Text need not have been checked for UTF-8. The call may end the
 * socket, or pause it. Do not call it while the socket is paused, nor before its connect is answered.
 *
 * Ownership: bytes are borrowed for the call. */
PINION_API void pinion_transport_receive(pinion_socket *socket, bool binary, const void *bytes,
                                         size_t length);

/* Report a sign of life that is not a message, for example a ping. It counts against no rate: the transport
 * itself must limit how many pings it answers. */
PINION_API void pinion_transport_seen(pinion_socket *socket);

/* Report that the connection is over, or that the transport is about to close it. */
PINION_API void pinion_transport_ended(pinion_socket *socket);

/* What the mount of a socket allows its client: the options of the mount and of the endpoint that concern a
 * transport, with the defaults filled in. */
typedef struct pinion_transport_limits {
    size_t max_message;   /* One message from the client. Bytes. On excess: close with
                             PINION_CLOSE_TOO_BIG. */
    size_t max_queue;     /* What waits for the client. Bytes of memory. On excess, unless the queue is
                             empty: close with PINION_CLOSE_POLICY. */
    bool drop_broadcasts; /* Before that close, drop the oldest frames that are pinion_frame_is_droppable. */
    uint32_t flush_delay_ms; /* How long frames may wait for others, so that they leave in one send:
                                pinion_transport_gather. Milliseconds. 0: not at all. */

    const char *path;          /* Where the socket is mounted, for lines of the log. It lives as long as the
                                  endpoint. */
    uint32_t timeout_ms;       /* How long a client may send nothing. The engine sees to it, unless the
                                  transport is finds_idle. Milliseconds, or PINION_NEVER. On excess: close
                                  with PINION_CLOSE_PROTOCOL. */
    uint32_t ping_interval_ms; /* Ask a client that has been silent for so long for a sign of life.
                                  Milliseconds. 0: never. */
    uint32_t ping_timeout_ms;  /* How long that may go unanswered. Milliseconds. On excess: close with
                                  PINION_CLOSE_PROTOCOL. */
    uint32_t close_timeout_ms; /* At the end: how long the client may take for its part, once it has all that
                                  it was sent. Milliseconds. On excess: close the connection at once. */
    uint32_t stall_ms;         /* At the end: how long the client may read nothing of what it is still sent.
                                  Milliseconds. On excess: close the connection at once. */

    uint32_t longpoll_window_ms; /* Where clients poll: how long a poll waits. Milliseconds. */
    uint32_t longpoll_max_batch; /* Where clients poll: frames in one request. A number. */
    size_t longpoll_max_body;    /* Where clients poll: the body of one request. Bytes. */

    size_t ask_above; /* When more than this would wait for the client, ask pinion_transport_admit. Bytes of
                         memory. max_queue, or a quarter of it, where a definition has `drained`. */
    uint32_t max_unsent; /* How much the kernel may take for the client before it can send it
                            (TCP_NOTSENT_LOWAT). Bytes. 0: as much as it likes. */
} pinion_transport_limits;

/* The limits of the mount that the socket belongs to. A transport that asks for them once, when its connect
 * has returned, needs no copy of its own.
 *
 * Lifetime: as long as the endpoint; they stay when the socket has gone.
 *
 * Errors: NULL for a socket that is NULL. */
PINION_API const pinion_transport_limits *pinion_socket_limits(const pinion_socket *socket);

/* Get the limits of the socket mounted at `path`, also before a client has connected.
 *
 * Thread: any.
 *
 * Errors: PINION_ENOENT: no socket is mounted there. */
PINION_API PINION_CHECKED int pinion_transport_limits_of_sized(const pinion_endpoint *endpoint,
                                                               const char *path,
                                                               pinion_transport_limits *limits, size_t size);
static inline PINION_CHECKED int pinion_transport_limits_of(const pinion_endpoint *endpoint, const char *path,
                                                            pinion_transport_limits *limits)
{
    return pinion_transport_limits_of_sized(endpoint, path, limits, sizeof(pinion_transport_limits));
}

/* ---- frames that wait for others ---- */

/* Report that frames for this client wait for others, where the mount asks for it (flush_delay_ms). The
 * engine calls ->send_gathered when the time is over, and before that after a reply that must not wait. A
 * transport calls this from its ->send, for each frame that it lets wait. What it sends earlier, because much
 * waits, or because the connection closes, is its own business. */
PINION_API void pinion_transport_gather(pinion_socket *socket);

/* ---- clients that do not read ---- */

/* Whether a frame that takes so much memory may be queued behind what waits, without a question. A transport
 * may look at this first, and call pinion_transport_admit only if it is false. */
static inline bool pinion_transport_has_room(const pinion_transport_limits *limits, size_t waiting,
                                             size_t memory)
{
    return waiting + memory <= limits->ask_above || (waiting == 0 && limits->ask_above == limits->max_queue);
}

/* Ask whether a frame may be queued, which takes so much memory there: pinion_frame_memory, unless the
 * transport has a measure of its own. What waits for a client is bounded (max_queue): so one that does not
 * read must lose its oldest broadcasts, where the mount says so (drop_broadcasts), or else the connection.
 * This is decided here for all transports. If there is no room, the queue is flushed, and then the oldest
 * broadcasts are dropped, where they may be, and counted (`skipped`). The transport's functions for that are
 * called from inside this call; they must not end the connection.
 *
 * A frame that is larger than max_queue may be queued when nothing waits.
 *
 * 0: queue it. On an error the transport unrefs the frame, and ->send returns that error.
 *
 * Errors: PINION_EBUSY: the frame is a broadcast, and is dropped itself; PINION_ECLOSED: the client does not
 * read. That was counted (`slow_closed`) and logged: drop the queue, and close with PINION_CLOSE_POLICY;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_transport_admit(pinion_socket *socket, const pinion_frame *frame,
                                                     size_t memory);

/* Report that nothing waits for the client any more, when it has taken what it had to wait for: the end of
 * what ->flush could not send at once. The engine then calls `drained` of the definitions, if more than a
 * quarter of max_queue had waited, or a push found no room. It costs next to nothing otherwise. Without this
 * report `drained` is called only for a queue that ->flush empties. The call must not be made from inside
 * ->waiting, ->queued or ->drop. */
PINION_API void pinion_transport_drained(pinion_socket *socket);

/* Report that the transport closes a client because it does not read. It is counted (`slow_closed`) and
 * logged. For what a transport finds out by itself: PINION_ECLOSED of pinion_transport_admit was reported. */
PINION_API void pinion_transport_slow(pinion_socket *socket);

#ifdef __cplusplus
}
#endif
#endif
