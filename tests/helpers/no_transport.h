/* A transport that carries nothing, with all that the engine calls without asking. */
#ifndef TESTS_HELPERS_NO_TRANSPORT_H
#define TESTS_HELPERS_NO_TRANSPORT_H

#include <pinion/transport.h>

static inline int no_transport_send(void *conn, pinion_frame *frame)
{
    pinion_frame_unref(frame);
    return 0;
}

static inline void no_transport_connected(void *conn, int error, const pinion_payload *reason)
{
}

static inline void no_transport_pause(void *conn, bool paused)
{
}

static inline void no_transport_close(void *conn, uint16_t code)
{
}

static const pinion_transport no_transport = { .name = "none",
                                               .send = no_transport_send,
                                               .connected = no_transport_connected,
                                               .pause = no_transport_pause,
                                               .close = no_transport_close };

#endif
