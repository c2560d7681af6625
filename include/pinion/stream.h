/* Streams: TCP connections on the endpoint's loops. They are for transports of your own (pinion/transport.h),
 * and for other protocols beside the sockets.
 *
 * Thread: a stream belongs to one loop. Its callbacks run there, and its functions are for that thread only.
 * None of the callbacks is called from inside a function of the stream. */
#ifndef PINION_STREAM_H
#define PINION_STREAM_H

#include <pinion/endpoint.h>
#include <pinion/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One TCP connection. */
typedef struct pinion_stream pinion_stream;

/* What becomes of a stream.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_stream_def {
    /* A client has connected. `data` was passed to pinion_endpoint_streams. May be NULL. */
    void (*opened)(pinion_stream *stream, void *data);

    /* Bytes came. They are borrowed for the call, and may be changed in place. length 0: the peer sends no
     * more. Never after pinion_stream_close. */
    void (*received)(pinion_stream *stream, void *bytes, size_t length);

    /* The queue is empty again, after the kernel had not taken all of it at once. May be NULL. */
    void (*drained)(pinion_stream *stream);

    /* The time of pinion_stream_timeout is over. NULL: the stream is closed. Never after
     * pinion_stream_close. */
    void (*timed_out)(pinion_stream *stream);

    /* The stream is over. `error` is 0; PINION_EIO: it broke (the peer reset it, or cannot be reached any
     * more); PINION_ENOMEM: out of memory. This is called exactly once, and last. Then the stream is freed.
     */
    void (*closed)(pinion_stream *stream, int error);
} pinion_stream_def;

/* Accept streams on another address, once the endpoint runs. pinion_endpoint_listen opens these sockets too,
 * by the same rules and with the same errors. They are closed together with the endpoint's own.
 * max_connections counts streams as well. host NULL: all addresses. port 0: any free one
 * (pinion_endpoint_stream_port).
 *
 * Ownership: def is borrowed, and must outlive the endpoint; host is copied.
 *
 * Thread: the one that made the endpoint, before it listens.
 *
 * Errors: PINION_EINVAL: the endpoint listens already, or the definition lacks received or closed;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_streams_sized(pinion_endpoint *endpoint, const char *host,
                                                            uint16_t port, const pinion_stream_def *def,
                                                            void *data, size_t size);
static inline PINION_CHECKED int pinion_endpoint_streams(pinion_endpoint *endpoint, const char *host,
                                                         uint16_t port, const pinion_stream_def *def,
                                                         void *data)
{
    return pinion_endpoint_streams_sized(endpoint, host, port, def, data, sizeof(pinion_stream_def));
}

/* The port on which streams of this definition are accepted (of several: the first that was asked for); 0
 * when there is none, or not yet.
 *
 * Thread: any, once the endpoint listens. */
PINION_API uint16_t pinion_endpoint_stream_port(const pinion_endpoint *endpoint,
                                                const pinion_stream_def *def);

/* Keep a pointer of your own with the stream.
 *
 * Ownership: the pointer stays the caller's. */
PINION_API void pinion_stream_set_user(pinion_stream *stream, void *user);

/* The pointer that was kept; NULL at first. */
PINION_API void *pinion_stream_user(const pinion_stream *stream);

/* The endpoint that accepted the stream. */
PINION_API pinion_endpoint *pinion_stream_endpoint(const pinion_stream *stream);

/* Queue a frame. It is sent at the end of this turn of the loop, with all that is queued by then.
 *
 * Ownership: takes the reference on the frame, on failure too.
 *
 * Order: frames are sent in the order of the calls.
 *
 * Errors: PINION_ECLOSED: after shutdown, close or an error; PINION_ETOOBIG: a frame of 4 GiB or more;
 * PINION_ENOMEM: out of memory, or the frame is NULL (pinion_frame_new found no memory). */
PINION_API int pinion_stream_send(pinion_stream *stream, pinion_frame *frame);

/* How many bytes are queued that the kernel has not taken yet. */
PINION_API size_t pinion_stream_queued(const pinion_stream *stream);

/* How much memory that takes, counted as by pinion_frame_memory. For limits: of small frames it is far more
 * than their bytes. */
PINION_API size_t pinion_stream_memory(const pinion_stream *stream);

/* Try to send now. Returns how many bytes still wait. */
PINION_API size_t pinion_stream_flush(pinion_stream *stream);

/* Drop what is queued, except the rest of a frame that was sent in part. */
PINION_API void pinion_stream_drop_queue(pinion_stream *stream);

/* Drop the oldest broadcasts that are queued (pinion_frame_is_droppable), until what is left takes no more
 * than `most` bytes of memory, or no broadcast is left. A frame that was sent in part stays. Returns how many
 * were dropped; it does not count them (pinion_transport_admit does). */
PINION_API size_t pinion_stream_drop_broadcasts(pinion_stream *stream, size_t most);

/* Stop reading, so that the peer has to wait. Bytes that the kernel has delivered already may come once more.
 */
PINION_API void pinion_stream_pause(pinion_stream *stream);

/* Read again. */
PINION_API void pinion_stream_resume(pinion_stream *stream);

/* Send what is queued, then end this side (FIN). The peer may still send.
 *
 * The stream is over when the peer has ended its side too, before or after. A paused stream does not notice
 * this. An endpoint that goes down calls this for all streams, once its sockets are closed. It closes those
 * that are left when no client has acknowledged anything for close_timeout_ms and a second, or after
 * drain_timeout_ms. */
PINION_API void pinion_stream_shutdown(pinion_stream *stream);

/* Close the stream. What is queued is dropped. ->closed follows. */
PINION_API void pinion_stream_close(pinion_stream *stream);

/* Have ->timed_out called once, after so many milliseconds. An earlier call is replaced. 0: as soon as the
 * running callback has returned. PINION_NEVER: not at all. */
PINION_API void pinion_stream_timeout(pinion_stream *stream, uint32_t ms);

#define PINION_PEER_TEXT 46 /* enough for any address as text */

/* The peer's address and port; "" and 0 if it has none. Returns text. */
PINION_API const char *pinion_stream_peer(const pinion_stream *stream, char text[PINION_PEER_TEXT],
                                          uint16_t *port);

#ifdef __cplusplus
}
#endif
#endif
