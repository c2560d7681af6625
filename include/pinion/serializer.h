/* Serializers: messages to frames and back. Pinion has one for version 1.0.0 and one for version 2.0.0 of the
 * protocol. An application may add its own, for clients that ask for another vsn
 * (pinion_socket_options.serializers).
 *
 * Thread: a serializer is one const table without state; all loops call it at once. */
#ifndef PINION_SERIALIZER_H
#define PINION_SERIALIZER_H

#include <pinion/frame.h>
#include <pinion/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One serializer.
 *
 * Ownership: borrowed; must outlive the endpoint. */
typedef struct pinion_serializer {
    size_t size;      /* sizeof(pinion_serializer): members beyond it do not exist (pinion/version.h). */
    const char *name; /* Its name for logs: "1.0.0". */

    /* Read one frame into *message, which is zeroed. `bytes` is the whole frame. Text has not been checked
     * for UTF-8: the serializer checks it. The payload must be valid JSON (RFC 8259), checked here, or
     * binary. Slices may point into bytes, scratch and message->memory. On failure the serializer frees
     * message->memory itself.
     *
     * Errors: PINION_EPROTO: not a message; the connection is closed. */
    int (*decode)(bool binary, pinion_slice bytes, pinion_message *message, pinion_message_scratch *scratch);

    /* Make the frame for one message to a client; *out holds one reference. Called once for all subscribers
     * of a broadcast.
     *
     * Errors: PINION_ENOTSUP: this serializer cannot carry it (for example a binary payload in V1);
     * PINION_ETOOBIG: a topic, event, ref or status is longer than the format allows; PINION_ENOMEM: out of
     * memory. */
    int (*encode)(const pinion_message *message, pinion_frame **out);
} pinion_serializer;

/* The two serializers of the protocol, for serializers that build on them.
 *
 * Lifetime: the library's.
 *
 * Thread: any. */
PINION_API const pinion_serializer *pinion_serializer_v1(void);
PINION_API const pinion_serializer *pinion_serializer_v2(void);

/* A vsn, "major.minor", and the serializer for every patch version of it. "3.0" means what "~> 3.0.0" means
 * in Elixir. */
typedef struct pinion_serializer_route {
    const char *vsn;                     /* The version: "3.0". */
    const pinion_serializer *serializer; /* The serializer for clients that ask for that version. */
} pinion_serializer_route;

/* A table of serializers: PINION_SERIALIZERS({ "3.0", &my_serializer }). It is searched before 1.0 and 2.0.
 */
#define PINION_SERIALIZERS(...) PINION_TABLE(const pinion_serializer_route, __VA_ARGS__, { NULL, NULL })

#ifdef __cplusplus
}
#endif
#endif
