/* A message is cut at its first four commas. The load generator has no commas in its topics, events and refs.
 */
#include "yardstick.h"
#include "die.h"
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX  14 /* the longest header of a client's frame, with its mask */
#define FRAME_MAX (4u * 1024 * 1024)

struct text {
    const char *ptr;
    size_t len;
};

enum { JOIN_REF, REF, TOPIC, EVENT, PAYLOAD, FIELDS };

/* ---- topics ---- */

static struct topic **topics;
static uint32_t topic_capacity;

static struct topic *find_topic(uint32_t number)
{
    if (number >= topic_capacity) {
        uint32_t capacity = 2 * number + 64;
        topics = must_realloc(topics, capacity * sizeof(struct topic *));
        memset(topics + topic_capacity, 0, (capacity - topic_capacity) * sizeof(struct topic *));
        topic_capacity = capacity;
    }
    if (!topics[number]) {
        topics[number] = must_calloc(1, sizeof(struct topic));
        topics[number]->number = number;
    }
    return topics[number];
}

static void leave(struct peer *peer)
{
    struct topic *topic = peer->topic;
    if (!topic)
        return;
    struct peer *last = topic->subscribers[--topic->count];
    topic->subscribers[peer->place] = last;
    last->place = peer->place;
    peer->topic = NULL;
}

static void join(struct peer *peer, struct topic *topic)
{
    leave(peer);
    if (topic->count == topic->capacity) {
        topic->capacity = topic->capacity ? 2 * topic->capacity : 4;
        topic->subscribers = must_realloc(topic->subscribers, topic->capacity * sizeof(struct peer *));
    }
    peer->topic = topic;
    peer->place = topic->count;
    topic->subscribers[topic->count++] = peer;
}

/* ---- frames ---- */

static uint8_t frame[10 + FRAME_MAX];

struct writer {
    uint8_t *body;
    size_t len;
};

static void put(struct writer *writer, const char *bytes, size_t len)
{
    if (writer->len + len > FRAME_MAX)
        die("a message of more than %u bytes", FRAME_MAX);
    memcpy(writer->body + writer->len, bytes, len);
    writer->len += len;
}

#define PUT_LITERAL(writer, literal) put(writer, literal, sizeof(literal) - 1)

static struct writer begin(void)
{
    return (struct writer){ .body = frame + 10 };
}

/* Put the header in front of the body. *len is the length of both. */
static uint8_t *finish(const struct writer *writer, uint8_t opcode, size_t *len)
{
    size_t body = writer->len;
    size_t head = body < 126 ? 2 : body < 65536 ? 4 : 10;
    uint8_t *start = writer->body - head;
    start[0] = 0x80 | opcode;
    start[1] = (uint8_t)(head == 2 ? body : head == 4 ? 126 : 127);
    for (size_t i = 2; i < head; i++)
        start[i] = (uint8_t)(body >> 8 * (head - 1 - i));
    *len = head + body;
    return start;
}

static void reply(struct peer *peer, const struct text message[FIELDS], const char *response,
                  size_t response_len)
{
    struct writer writer = begin();
    const char *from = message[JOIN_REF].ptr;
    put(&writer, from, (size_t)(message[EVENT].ptr - from)); /* [join_ref,ref,topic, unchanged */
    PUT_LITERAL(&writer, "\"phx_reply\",{\"response\":");
    put(&writer, response, response_len);
    PUT_LITERAL(&writer, ",\"status\":\"ok\"}]");
    size_t len;
    const uint8_t *start = finish(&writer, 1, &len);
    server_send(peer, start, len);
}

static void broadcast(struct topic *topic, const struct text message[FIELDS])
{
    struct writer writer = begin();
    PUT_LITERAL(&writer, "[null,null,");
    put(&writer, message[TOPIC].ptr, message[TOPIC].len);
    PUT_LITERAL(&writer, ",\"msg\",");
    put(&writer, message[PAYLOAD].ptr, message[PAYLOAD].len);
    PUT_LITERAL(&writer, "]");
    size_t len;
    const uint8_t *start = finish(&writer, 1, &len);
    server_publish(topic, start, len);
}

static void say_closed(struct peer *peer, const struct text message[FIELDS])
{
    struct writer writer = begin();
    PUT_LITERAL(&writer, "[");
    put(&writer, message[JOIN_REF].ptr + 1, message[JOIN_REF].len - 1);
    PUT_LITERAL(&writer, ",");
    put(&writer, message[JOIN_REF].ptr + 1, message[JOIN_REF].len - 1);
    PUT_LITERAL(&writer, ",");
    put(&writer, message[TOPIC].ptr, message[TOPIC].len);
    PUT_LITERAL(&writer, ",\"phx_close\",{}]");
    size_t len;
    const uint8_t *start = finish(&writer, 1, &len);
    server_send(peer, start, len);
}

static void control(struct peer *peer, uint8_t opcode, const uint8_t *bytes, size_t len)
{
    struct writer writer = begin();
    put(&writer, (const char *)bytes, len);
    const uint8_t *start = finish(&writer, opcode, &len);
    server_send(peer, start, len);
}

/* ---- messages ---- */

static bool cut(const char *bytes, size_t len, struct text message[FIELDS])
{
    const char *at = bytes, *end = bytes + len - 1;
    for (int i = 0; i < PAYLOAD; i++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        if (!comma)
            return false;
        message[i] = (struct text){ at, (size_t)(comma - at) };
        at = comma + 1;
    }
    message[PAYLOAD] = (struct text){ at, (size_t)(end - at) };
    return true;
}

static bool is(struct text text, const char *literal)
{
    return text.len == strlen(literal) && memcmp(text.ptr, literal, text.len) == 0;
}

static void handle(struct peer *peer, const char *bytes, size_t len)
{
    struct text message[FIELDS];
    if (!cut(bytes, len, message))
        die("not a message of the load generator: %.*s", (int)len, bytes);
    struct text event = message[EVENT];
    if (is(event, "\"bcast\"") && peer->topic) {
        broadcast(peer->topic, message);
    } else if (is(event, "\"echo\"")) {
        reply(peer, message, message[PAYLOAD].ptr, message[PAYLOAD].len);
    } else if (is(event, "\"phx_join\"")) {
        join(peer, find_topic((uint32_t)strtoul(message[TOPIC].ptr + strlen("\"bench:"), NULL, 10)));
        reply(peer, message, "{}", 2);
    } else if (is(event, "\"phx_leave\"")) {
        reply(peer, message, "{}", 2);
        say_closed(peer, message);
        leave(peer);
    } else {
        reply(peer, message, "{}", 2); /* a heartbeat */
    }
}

/* ---- input ---- */

static void answer_upgrade(struct peer *peer, const char *head, size_t len)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const char *key = memmem(head, len, name, strlen(name));
    if (!key)
        die("not an upgrade of the load generator: %.*s", (int)len, head);
    char text[24 + sizeof guid];
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char accept[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
    char response[160];
    memcpy(text, key + strlen(name), 24);
    memcpy(text + 24, guid, sizeof guid);
    SHA1((unsigned char *)text, 24 + sizeof guid - 1, digest);
    EVP_EncodeBlock(accept, digest, sizeof digest);
    int size = snprintf(response, sizeof response,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        accept);
    peer->upgraded = true;
    server_send(peer, response, (size_t)size);
}

/* Handle a request. Returns its length; 0: it has not come whole yet. */
static size_t take_request(struct peer *peer, const uint8_t *bytes, size_t len)
{
    const uint8_t *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    answer_upgrade(peer, (const char *)bytes, (size_t)(end - bytes));
    return (size_t)(end - bytes) + 4;
}

static void unmask(uint8_t *bytes, size_t len, const uint8_t key[4])
{
    uint64_t wide, word;
    memcpy(&wide, key, 4);
    memcpy((uint8_t *)&wide + 4, key, 4);
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        memcpy(&word, bytes + i, 8);
        word ^= wide;
        memcpy(bytes + i, &word, 8);
    }
    for (; i < len; i++)
        bytes[i] ^= key[i & 3];
}

/* The length of the header, with its mask, and of the payload. 0: the header has not come whole yet. */
static size_t read_head(const uint8_t *bytes, size_t len, size_t *payload)
{
    if (len < 2)
        return 0;
    size_t extra = (bytes[1] & 0x7f) == 126 ? 2 : (bytes[1] & 0x7f) == 127 ? 8 : 0;
    if (len < 2 + extra)
        return 0;
    *payload = extra ? 0 : bytes[1] & 0x7f;
    for (size_t i = 0; i < extra; i++)
        *payload = *payload << 8 | bytes[2 + i];
    return 2 + extra + 4;
}

/* Handle a frame. Returns its length; 0: it has not come whole yet. */
static size_t take_frame(struct peer *peer, uint8_t *bytes, size_t len)
{
    size_t payload;
    size_t head = read_head(bytes, len, &payload);
    if (head == 0 || len < head + payload)
        return 0;
    uint8_t *body = bytes + head;
    unmask(body, payload, body - 4);
    switch (bytes[0] & 0x0f) {
    case 1:
        handle(peer, (const char *)body, payload);
        break;
    case 8:
        peer->closing = true;
        control(peer, 8, body, payload);
        server_close(peer);
        break;
    case 9:
        control(peer, 10, body, payload);
        break;
    default:
        die("a frame with opcode %d", bytes[0] & 0x0f);
    }
    return head + payload;
}

static size_t take(struct peer *peer, uint8_t *bytes, size_t len)
{
    return peer->upgraded ? take_frame(peer, bytes, len) : take_request(peer, bytes, len);
}

/* Handle whole requests and frames. Returns how many bytes they were. */
static size_t take_all(struct peer *peer, uint8_t *bytes, size_t len)
{
    size_t at = 0, taken;
    while (!peer->closing && at < len && (taken = take(peer, bytes + at, len - at)) > 0)
        at += taken;
    return at;
}

static void keep(struct outbuf_part *part, const uint8_t *bytes, size_t len)
{
    if (!part->bytes || part->cap < part->len + len) {
        part->cap = 2 * (part->len + len);
        part->bytes = must_realloc(part->bytes, part->cap);
    }
    memcpy(part->bytes + part->len, bytes, len);
    part->len += len;
}

static void drop_partial(struct peer *peer)
{
    free(peer->partial.bytes);
    peer->partial = (struct outbuf_part){ 0 };
}

void yardstick_received(struct peer *peer, uint8_t *bytes, size_t len)
{
    struct outbuf_part *partial = &peer->partial;
    size_t taken;
    if (!partial->bytes) {
        taken = take_all(peer, bytes, len);
        if (taken < len && !peer->closing)
            keep(partial, bytes + taken, len - taken);
        return;
    }
    keep(partial, bytes, len);
    taken = take_all(peer, partial->bytes, partial->len);
    if (taken == partial->len || peer->closing) {
        drop_partial(peer);
    } else if (taken > 0) {
        memmove(partial->bytes, partial->bytes + taken, partial->len - taken);
        partial->len -= taken;
    }
}

void yardstick_gone(struct peer *peer)
{
    leave(peer);
    drop_partial(peer);
}
