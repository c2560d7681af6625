/* Transports: what carries a socket's frames. Pinion has WebSocket and long polling; this is the contract
 * they fulfil, for those who write another (examples/lines is one;
 * share/pinion/contract/transport.h checks any).
 *
 * A transport knows no topic and no channel: it carries frames, text or binary, and tells of the end. It has
 * one object for each client, its `conn`, and one pinion_socket for each, the engine's.
 *
 * Transport to engine: pinion_transport_connect, _receive, _seen, _ended. Engine to transport: the table
 * below. All of it on one of the endpoint's loops, the same for the whole life of a client: that of its
 * pinion_stream (pinion/stream.h), or of a function given to pinion_endpoint_post.
 *
 * The end: whoever ends first says so once, and after that neither calls the other. The transport calls
 * pinion_transport_ended(); the engine calls ->close(). Either may do it from inside a call of the other, so
 * a transport looks at its own state after each call into the engine.
 */
#ifndef PINION_TRANSPORT_H
#define PINION_TRANSPORT_H

#include <pinion/connect.h>
#include <pinion/endpoint.h>
#include <pinion/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Close codes (RFC 6455 section 7.4). They decide whether a client comes back; 1000 is never used where it
 * should. */
typedef enum pinion_close_code {
    PINION_CLOSE_NORMAL = 1000,     /* all is done: the client stays away */
    PINION_CLOSE_GOING_AWAY = 1001, /* told to disconnect */
    PINION_CLOSE_PROTOCOL = 1002,   /* broke the framing, or was silent too long */
    PINION_CLOSE_NO_STATUS = 1005,  /* the peer closed without a code; never sent */
    PINION_CLOSE_BAD_UTF8 = 1007,   /* text that is not UTF-8 */
    PINION_CLOSE_POLICY = 1008,     /* does not read what it gets */
    PINION_CLOSE_TOO_BIG = 1009,    /* a message over max_message */
    PINION_CLOSE_INTERNAL = 1011,   /* a message that cannot be decoded; or our fault */
    PINION_CLOSE_RESTART = 1012,    /* the server goes down */
} pinion_close_code;

/* One transport. Borrowed; must outlive the endpoint. */
typedef struct pinion_transport {
    const char *name; /* "websocket", … as channels see it */
    bool finds_idle;  /* it finds out itself that a client has gone: the mount's timeout_ms is not for it */

    /* Expected to add this transport's framing to a freshly encoded frame, in its headroom
     * (pinion_frame_set_head) or by making another. Consumes the frame. NULL when out of memory. Done once
     * per loop and broadcast, not per subscriber. May be NULL: no framing. */
    pinion_frame *(*frame)(pinion_frame *frame);

    /* Expected to queue a framed frame, whose reference it takes, on failure too; in order, and not to wait.
     * 0; PINION_ECLOSED; PINION_ENOTSUP: cannot carry this opcode; PINION_EBUSY: dropped, as the mount's
     * drop_broadcasts wants it; PINION_ENOMEM. A connection that has too much queued already may be ended
     * from inside. */
    int (*send)(void *conn, pinion_frame *frame);

    /* Expected to tell the client how a connect that was answered later came out: 0, or the error of
     * pinion_transport_connect, with the reason of a refusal or NULL, borrowed. On an error the socket is
     * gone. */
    void (*connected)(void *conn, int error, const pinion_payload *reason);

    /* Expected to hold back frames from the client (they are not lost), and to deliver them when let go;
     * never from inside this call. May be called from inside pinion_transport_receive. */
    void (*pause)(void *conn, bool paused);

    /* Expected to close the connection with this code, after what was sent. The socket is gone. */
    void (*close)(void *conn, uint16_t code);

    /* Expected to write the address that the connection comes from, as text with a terminator, for the log.
     * May be NULL: then the engine remembers what connect was told. */
    void (*peer)(void *conn, char *text, size_t size);
} pinion_transport;

/* What a transport knows of the request that brought a client; what it has none of is zero. For
 * pinion/connect.h. */
struct pinion_connect_info {
    const char *transport;   /* its name */
    const char *peer;        /* an address as text */
    uint16_t peer_port;      /* its port */
    pinion_uri uri;          /* the request's */
    pinion_slice auth_token; /* for pinion_connect_auth_token */
    void *request;           /* for the functions, which may be NULL */
    /* For pinion_connect_header and pinion_connect_headers. */
    pinion_slice (*header)(void *request, const char *name);
    void (*headers)(void *request, const char *prefix, pinion_header_fn *fn, void *data);
};

/* A client of the socket mounted at `path` connects, with these parameters (a query string, as of a URL) and
 * this info, both borrowed for the call. 0: *out is an open socket; PINION_EPENDING: *out is a socket that
 * will be answered by ->connected; on any other error there is no socket. PINION_EACCES: refused; *reason is
 * then why, the caller's to unref, or NULL; PINION_EPROTO: no query; PINION_ENOENT: no socket is mounted
 * there; PINION_EINVAL: this thread is none of the endpoint's loops; PINION_ECLOSED: the server goes down;
 * PINION_ENOMEM. reason may be NULL. */
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

/* A whole frame came (text need not be checked for UTF-8). May end the socket, or pause it. Not while it is
 * paused, nor before a connect is answered. `bytes` are borrowed for the call. */
PINION_API void pinion_transport_receive(pinion_socket *socket, bool binary, const void *bytes,
                                         size_t length);

/* A sign of life that is no message (a ping). Counts against no rate: how many pings it answers the transport
 * limits itself. */
PINION_API void pinion_transport_seen(pinion_socket *socket);

/* The connection is over, or about to be closed by the transport. */
PINION_API void pinion_transport_ended(pinion_socket *socket);

/* What the mount of a socket allows its client. */
typedef struct pinion_transport_limits {
    size_t max_message;   /* bytes of one message from the client; more: close with PINION_CLOSE_TOO_BIG */
    size_t max_queue;     /* bytes of memory waiting for it; more (unless the queue is empty): close with
                             PINION_CLOSE_POLICY */
    bool drop_broadcasts; /* but first drop the oldest frames that are pinion_frame_is_droppable */
} pinion_transport_limits;

/* Of the socket mounted at `path`. PINION_ENOENT: there is none. Thread: any. */
PINION_API PINION_CHECKED int pinion_transport_limits_of_sized(const pinion_endpoint *endpoint,
                                                               const char *path,
                                                               pinion_transport_limits *limits, size_t size);
static inline PINION_CHECKED int pinion_transport_limits_of(const pinion_endpoint *endpoint, const char *path,
                                                            pinion_transport_limits *limits)
{
    return pinion_transport_limits_of_sized(endpoint, path, limits, sizeof(pinion_transport_limits));
}

#ifdef __cplusplus
}
#endif
#endif
