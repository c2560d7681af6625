#include "conversation.h"
#include "die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- building ---- */

static struct frame say(struct text text)
{
    return frame_new(OPCODE_TEXT, text);
}

static struct pattern hear(struct text text)
{
    return (struct pattern){ .text = text };
}

static struct pattern hear_start(struct text text)
{
    return (struct pattern){ .text = text, .open = true };
}

static void add(struct steps *steps, struct frame frame, struct pattern pattern)
{
    steps->step[steps->count++] = (struct step){ frame, pattern };
}

static const struct frame nothing = { .bytes = NULL };

/* ---- Phoenix ---- */

static void converse_phoenix(struct conversation *c, const char *topic, const char *payload)
{
    const char *ok = "phx_reply\",{\"response\":{},\"status\":\"ok\"}]";
    add(&c->join, say(text_format("[\"1\",\"1\",\"%s\",\"phx_join\",{}]", topic)),
        hear(text_format("[\"1\",\"1\",\"%s\",\"%s", topic, ok)));
    add(&c->leave, say(text_format("[\"1\",\"4\",\"%s\",\"phx_leave\",{}]", topic)),
        hear(text_format("[\"1\",\"4\",\"%s\",\"%s", topic, ok)));
    add(&c->leave, nothing, hear(text_format("[\"1\",\"1\",\"%s\",\"phx_close\",{}]", topic)));
    c->bcast = say(text_format("[\"1\",\"2\",\"%s\",\"bcast\",%s]", topic, payload));
    c->delivery = hear(text_format("[null,null,\"%s\",\"msg\",%s]", topic, payload));
    c->echo = say(text_format("[\"1\",\"3\",\"%s\",\"echo\",%s]", topic, payload));
    c->reply = hear(text_format("[\"1\",\"3\",\"%s\",\"phx_reply\",{\"response\":%s,\"status\":\"ok\"}]",
                                topic, payload));
}

/* ---- Socket.IO: Engine.IO's packet type, Socket.IO's, the acknowledgement's id ---- */

static void converse_socket_io(struct conversation *c, const char *topic, const char *payload)
{
    add(&c->join, nothing, hear_start(text_format("0{\"sid\":")));
    add(&c->join, say(text_format("40")), hear_start(text_format("40{\"sid\":")));
    add(&c->join, say(text_format("421[\"join\",\"%s\"]", topic)), hear(text_format("431[]")));
    add(&c->leave, say(text_format("424[\"leave\",\"%s\"]", topic)), hear(text_format("434[]")));
    c->bcast = say(text_format("42[\"bcast\",\"%s\",%s]", topic, payload));
    c->delivery = hear(text_format("42[\"msg\",%s]", payload));
    c->echo = say(text_format("423[\"echo\",%s]", payload));
    c->reply = hear(text_format("433[%s]", payload));
}

static const struct dialect dialects[] = {
    { .name = "phoenix", .path = "/socket/websocket?vsn=2.0.0", .converse = converse_phoenix },
    { .name = "socket.io",
      .path = "/socket.io/?EIO=4&transport=websocket",
      .ping = "2",
      .pong = "3",
      .converse = converse_socket_io },
};

const struct dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    }
    return NULL;
}

/* ---- a conversation ---- */

static char *payload_text(size_t size)
{
    char *payload = must_calloc(1, size + 1);
    size_t at = (size_t)sprintf(payload, "{\"n\":\"%s\",\"pad\":\"", NUMBER);
    for (unsigned i = 0; at + 2 < size; i++)
        payload[at++] = (char)('a' + i % 26);
    memcpy(payload + at, "\"}", 2);
    return payload;
}

void conversation_init(struct conversation *conversation, const struct dialect *dialect, unsigned topic,
                       size_t payload)
{
    char name[TOPIC_MAX];
    char *text = payload_text(payload);
    snprintf(name, sizeof name, "bench:%u", topic);
    *conversation = (struct conversation){ 0 };
    dialect->converse(conversation, name, text);
    free(text);
}

static void release_steps(struct steps *steps)
{
    for (unsigned i = 0; i < steps->count; i++) {
        frame_release(&steps->step[i].say);
        text_release(&steps->step[i].hear.text);
    }
}

void conversation_release(struct conversation *conversation)
{
    release_steps(&conversation->join);
    release_steps(&conversation->leave);
    frame_release(&conversation->bcast);
    frame_release(&conversation->echo);
    text_release(&conversation->delivery.text);
    text_release(&conversation->reply.text);
}
