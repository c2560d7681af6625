/* What a client sends on one topic, and what it must get. There are two dialects: Phoenix's V2 text protocol,
 * which bench-server and the yardsticks speak, and that of Socket.IO. A conversation is built once for each
 * topic, and shared by its clients.
 *
 * The payload of a message is {"n":"0000000017","pad":"abc…"}, of the length that is asked for. Refs are the
 * same every time; the number tells the messages apart. */
#ifndef LOAD_CONVERSATION_H
#define LOAD_CONVERSATION_H

#include "text.h"

#define PAYLOAD_MIN   27
#define STEPS_MAX     3
#define TOPIC_MAX     32 /* bytes of a topic's name, terminated */
#define DIALECT_NAMES "phoenix, socket.io"

/* Send a frame, if there is one, and wait for the message that must come. */
struct step {
    struct frame say; /* bytes NULL: send nothing */
    struct pattern hear;
};

struct steps {
    struct step step[STEPS_MAX];
    unsigned count;
};

struct conversation {
    struct steps join;
    struct steps leave;
    struct frame bcast;      /* asks for a broadcast */
    struct pattern delivery; /* the broadcast, as it arrives */
    struct frame echo;
    struct pattern reply;
};

struct dialect {
    const char *name;
    const char *path; /* of the upgrade request */
    const char *ping; /* a text message that must be answered; NULL: there is none */
    const char *pong; /* the answer to it */
    void (*converse)(struct conversation *conversation, const char *topic, const char *payload);
};

/* The dialect of this name, or NULL. */
const struct dialect *dialect_find(const char *name);

/* Make the conversation on the topic bench:`topic`, with payloads of so many bytes, at least PAYLOAD_MIN. */
void conversation_init(struct conversation *conversation, const struct dialect *dialect, unsigned topic,
                       size_t payload);
void conversation_release(struct conversation *conversation);

#endif
