/* Streams: TCP connections on the endpoint's loops, for those who write a transport (pinion/transport.h), or
 * speak a protocol of their own beside the sockets.
 *
 * A stream belongs to one loop: its callbacks run there, and its functions are for that thread only. None of
 * the callbacks is called from inside a function of the stream.
 */
#ifndef PINION_STREAM_H
#define PINION_STREAM_H

#include <pinion/endpoint.h>
#include <pinion/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One TCP connection. */
typedef struct pinion_stream pinion_stream;

/* What becomes of a stream. Borrowed; must outlive the endpoint. */
typedef struct pinion_stream_def {
    /* A client came. `data` is that of pinion_endpoint_streams. May be NULL. */
    void (*opened)(pinion_stream *stream, void *data);

    /* Bytes came. They are borrowed for the call, and may be changed in place. length 0: the peer sends no
     * more. Never after pinion_stream_close. */
    void (*received)(pinion_stream *stream, void *bytes, size_t length);

    /* The kernel did not take all that was queued, but has now, and the queue is empty. May be NULL. */
    void (*drained)(pinion_stream *stream);

    /* The time of pinion_stream_timeout is over. May be NULL: the stream is closed. Never after
     * pinion_stream_close. */
    void (*timed_out)(pinion_stream *stream);

    /* The stream is over: 0, or PINION_EIO when it broke (the peer reset it, or cannot be reached any more);
     * PINION_ENOMEM. Exactly once, the last call; the stream goes when it returns. */
    void (*closed)(pinion_stream *stream, int error);
} pinion_stream_def;

/* Accept streams on another address of the endpoint, from when it runs. host NULL: all addresses; port 0: any
 * free one, see pinion_endpoint_stream_port. The sockets are opened with the endpoint's own
 * (pinion_endpoint_listen, whose rules for sockets that were passed to the process, and whose errors, are
 * theirs too), and closed with them; max_connections counts streams as well. `def` is borrowed, host copied.
 * PINION_EINVAL: the endpoint listens already, or the definition lacks a callback; PINION_ENOMEM. */
PINION_API PINION_CHECKED int pinion_endpoint_streams_sized(pinion_endpoint *endpoint, const char *host,
                                                            uint16_t port, const pinion_stream_def *def,
                                                            void *data, size_t size);
static inline PINION_CHECKED int pinion_endpoint_streams(pinion_endpoint *endpoint, const char *host,
                                                         uint16_t port, const pinion_stream_def *def,
                                                         void *data)
{
    return pinion_endpoint_streams_sized(endpoint, host, port, def, data, sizeof(pinion_stream_def));
}

/* The port on which streams of this definition are accepted (of several: the first that was asked for); 0:
 * none is, or not yet. Thread: any, once the endpoint listens. */
PINION_API uint16_t pinion_endpoint_stream_port(const pinion_endpoint *endpoint,
                                                const pinion_stream_def *def);

/* A pointer of the caller's. NULL at first. */
PINION_API void pinion_stream_set_user(pinion_stream *stream, void *user);
PINION_API void *pinion_stream_user(const pinion_stream *stream);

/* The endpoint that accepted it. */
PINION_API pinion_endpoint *pinion_stream_endpoint(const pinion_stream *stream);

/* Queue a frame to be sent at the end of this turn, with all that is queued by then; takes the reference, on
 * failure too. PINION_ECLOSED: after shutdown, close or an error; PINION_ENOMEM. */
PINION_API int pinion_stream_send(pinion_stream *stream, pinion_frame *frame);

/* Bytes that are queued and not yet taken by the kernel. */
PINION_API size_t pinion_stream_queued(const pinion_stream *stream);

/* Try to send now. Returns the bytes that still wait. */
PINION_API size_t pinion_stream_flush(pinion_stream *stream);

/* Drop what is queued, but for the rest of a frame of which a part has gone. */
PINION_API void pinion_stream_drop_queue(pinion_stream *stream);

/* Drop the oldest broadcasts that are queued (pinion_frame_is_droppable), as many as hold `bytes` or all
 * there are, and count them. */
PINION_API void pinion_stream_drop_oldest(pinion_stream *stream, size_t bytes);

/* Stop reading, so that the peer has to wait, and read again. What the kernel gave already may come once
 * more. */
PINION_API void pinion_stream_pause(pinion_stream *stream);
PINION_API void pinion_stream_resume(pinion_stream *stream);

/* Send what is queued, then say that no more comes (FIN); the peer may still send. The stream is over when
 * the peer has ended its side too, before or after; of that a paused one learns nothing. An endpoint that
 * goes down does it to all that are left once its sockets are closed, and closes them itself when no client
 * has acknowledged anything for its close_timeout_ms and a second, or after its drain_timeout_ms. */
PINION_API void pinion_stream_shutdown(pinion_stream *stream);

/* Close it; what is queued is dropped. ->closed follows. */
PINION_API void pinion_stream_close(pinion_stream *stream);

/* Have ->timed_out called, once, in so many milliseconds; replaces what was asked for before. 0: as soon as
 * the callback that runs has returned; PINION_NEVER: not at all. */
PINION_API void pinion_stream_timeout(pinion_stream *stream, uint32_t ms);

#define PINION_PEER_TEXT 46 /* enough for any address as text */

/* The peer's address and port; "" and 0 where it has none. Gives text. */
PINION_API const char *pinion_stream_peer(const pinion_stream *stream, char text[PINION_PEER_TEXT],
                                          uint16_t *port);

#ifdef __cplusplus
}
#endif
#endif
