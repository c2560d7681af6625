/* The transport contract: what carries a socket's frames. A transport knows no topic and no channel.
 *
 * Transport to engine: pinion__socket_connect, _receive, _seen, _ended (engine/socket.h). Engine to
 * transport: the table below. All on the loop of the connection.
 *
 * The end: whoever ends first says so once, and after that neither calls the other. The transport
 * calls pinion__socket_ended(); the engine calls ->close(). Either may do it from inside a call of the
 * other, so a transport looks at its own state after each call into the engine.
 */
#ifndef PINION_ENGINE_TRANSPORT_H
#define PINION_ENGINE_TRANSPORT_H

#include "base/frame.h"
#include <pinion/payload.h>

struct pinion_socket;

/* Close codes (RFC 6455 section 7.4). They decide whether a client comes back; 1000 is never used where it
 * should. */
enum pinion_close_code {
    PINION_CLOSE_NORMAL = 1000,
    PINION_CLOSE_GOING_AWAY = 1001, /* told to disconnect */
    PINION_CLOSE_PROTOCOL = 1002,   /* broke the framing, or was silent too long */
    PINION_CLOSE_NO_STATUS = 1005,
    PINION_CLOSE_BAD_UTF8 = 1007,
    PINION_CLOSE_POLICY = 1008, /* does not read what it gets */
    PINION_CLOSE_TOO_BIG = 1009,
    PINION_CLOSE_INTERNAL = 1011, /* a message that cannot be decoded; or our fault */
    PINION_CLOSE_RESTART = 1012,  /* the server goes down */
};

struct pinion_transport {
    const char *name; /* "websocket", … as channels see it */
    bool finds_idle;  /* it finds out itself that a client has gone: the mount's timeout is not for it */

    /* Expected to add this transport's framing to a freshly encoded frame, in its headroom or by making
     * another. Consumes the frame. NULL when out of memory. Done once per loop and broadcast, not per
     * subscriber. May be NULL: no framing. */
    struct pinion_frame *(*frame)(struct pinion_frame *frame);

    /* Expected to queue a framed frame, whose reference it takes, on failure too. 0 or PINION_ECLOSED,
     * PINION_ENOTSUP (cannot carry this opcode), PINION_ENOMEM. A connection that has too much queued already
     * may be ended from inside. */
    int (*send)(void *conn, struct pinion_frame *frame);

    /* Expected to tell the client how a connect that was answered later came out: 0, or the error of
     * pinion__socket_connect, with the reason of a refusal or NULL, borrowed. On an error the socket is gone.
     */
    void (*connected)(void *conn, int error, const pinion_payload *reason);

    /* Expected to hold back frames from the client (they are not lost), and to deliver them when let go. May
     * be called from inside pinion__socket_receive. */
    void (*pause)(void *conn, bool paused);

    /* Expected to close the connection with this code, after what was sent. The socket is gone. */
    void (*close)(void *conn, uint16_t code);
};

#endif
