/* Serializers: messages to frames and back. Pinion has those of the protocol's versions 1.0.0 and 2.0.0; an
 * application may add its own for clients that ask for a vsn of its own (pinion_socket_options.serializers).
 *
 * A serializer is one const table, stateless, and called on every loop at once. */
#ifndef PINION_SERIALIZER_H
#define PINION_SERIALIZER_H

#include <pinion/frame.h>
#include <pinion/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One serializer. Borrowed; must outlive the endpoint. */
typedef struct pinion_serializer {
    size_t size;      /* sizeof(pinion_serializer): what is behind it is not there (pinion/version.h) */
    const char *name; /* for logs: "1.0.0" */

    /* Expected to read one frame into *message, which is zeroed: `bytes` is all of it, and of a text not yet
     * known to be UTF-8 (checking that is part of the work). The payload must be checked JSON (RFC 8259), or
     * binary. Slices may point into bytes, scratch, and message->memory. 0, or PINION_EPROTO: not a message;
     * the connection ends. On a failure message->memory is the serializer's own to free. */
    int (*decode)(bool binary, pinion_slice bytes, pinion_message *message, pinion_message_scratch *scratch);

    /* Expected to make the frame for one message to a client, with *out holding one reference. Once for all
     * subscribers of a broadcast. PINION_ENOTSUP: this serializer cannot carry it (a binary payload in V1);
     * PINION_ETOOBIG: a topic, event, ref or status longer than the format has room for; PINION_ENOMEM. */
    int (*encode)(const pinion_message *message, pinion_frame **out);
} pinion_serializer;

/* The two of the protocol, to be built upon. Lifetime: the library's. Thread: any. */
PINION_API const pinion_serializer *pinion_serializer_v1(void);
PINION_API const pinion_serializer *pinion_serializer_v2(void);

/* A vsn, "major.minor", and the serializer of every major.minor.patch of it ("3.0": as Elixir's "~> 3.0.0").
 */
typedef struct pinion_serializer_route {
    const char *vsn;                     /* "3.0" */
    const pinion_serializer *serializer; /* for clients that ask for it */
} pinion_serializer_route;

/* A table of them: PINION_SERIALIZERS({ "3.0", &my_serializer }). They come before 1.0 and 2.0. */
#define PINION_SERIALIZERS(...) PINION_TABLE(const pinion_serializer_route, __VA_ARGS__, { NULL, NULL })

#ifdef __cplusplus
}
#endif
#endif
