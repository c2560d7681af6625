/* What a client says on one topic and what it must be told, in one of two dialects: Phoenix's V2 text
 * protocol, as bench-server and the yardsticks speak it, and Socket.IO's for the peer of that name. Built
 * once for each topic and shared by its clients.
 *
 * The payload of a message is {"n":"0000000017","pad":"abc…"}, as long as asked for. The same message has the
 * same ref every time: the number is what tells them apart.
 */
#ifndef LOAD_CONVERSATION_H
#define LOAD_CONVERSATION_H

#include "text.h"

#define PAYLOAD_MIN   27
#define STEPS_MAX     3
#define TOPIC_MAX     32 /* bytes of a topic's name, terminated */
#define DIALECT_NAMES "phoenix, socket.io"

/* Say something, unless there is nothing to say; then wait for what must come. */
struct step {
    struct frame say; /* bytes NULL: nothing */
    struct pattern hear;
};

struct steps {
    struct step step[STEPS_MAX];
    unsigned count;
};

struct conversation {
    struct steps join;
    struct steps leave;
    struct frame bcast;      /* asks for a broadcast… */
    struct pattern delivery; /* …which arrives as this */
    struct frame echo;
    struct pattern reply;
};

struct dialect {
    const char *name;
    const char *path; /* of the upgrade request */
    const char *ping; /* a text message that must be answered… */
    const char *pong; /* …with this one; both NULL: there is none */
    void (*converse)(struct conversation *conversation, const char *topic, const char *payload);
};

/* NULL: there is none of that name. */
const struct dialect *dialect_find(const char *name);

/* On the topic bench:`topic`, with payloads of that many bytes, at least PAYLOAD_MIN. */
void conversation_init(struct conversation *conversation, const struct dialect *dialect, unsigned topic,
                       size_t payload);
void conversation_release(struct conversation *conversation);

#endif
