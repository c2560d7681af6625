/* See broker_script.h. */
#include "broker_script.h"
#include "broker_user.h"
#include "pubsub/broker_int.h"

#define NODE_ACTS 8 /* acts below this number are the node's */

static struct {
    const struct script_server *server;
    bool namesake;
    struct {
        char bytes[USER_MESSAGE_MAX + 16];
        uint64_t number;
        size_t len, offset;
    } whole; /* what another node sends in pieces */
} script;

void script_begin(const struct script_server *server)
{
    memset(&script, 0, sizeof script);
    script.server = server;
}

bool script_had_namesake(void)
{
    return script.namesake;
}

/* ---- acts of other nodes ---- */

static void subject_of(char out[PINION_SUBJECT_MAX], enum pinion_subject kind, const char *name)
{
    const struct pinion_broker *broker = user_broker();
    const char *base = kind == PINION_SUBJECT_NODES ? broker->url.prefix : broker->state->base;
    (void)pinion__subject(out, base, kind, name);
}

static void say(enum pinion_subject kind, const char *name, const char *bytes, size_t len, bool forced)
{
    char subject[PINION_SUBJECT_MAX];
    subject_of(subject, kind, name);
    script.server->publish(subject, pinion__slice(bytes, len), forced);
}

static void say_message(unsigned byte)
{
    static const size_t sizes[] = { 0, 40, 700, 17000 };
    static char bytes[USER_MESSAGE_MAX + 16];
    unsigned topic = byte % 8 < USER_TOPICS ? byte % 8 : USER_TOPICS;
    size_t len = user_next(bytes, sizes[byte / 16 % 4], topic);
    bool forced = byte / 8 % 2;
    if (topic < USER_TOPICS)
        say(PINION_SUBJECT_TOPIC, user_topic(topic), bytes, len, forced);
    else
        say(PINION_SUBJECT_ALL, NULL, bytes, len, forced);
}

static void say_notice(const char *node, const char *cluster, unsigned flags, uint64_t life)
{
    char bytes[PINION_NOTICE_LENGTH_MAX];
    size_t len = pinion__notice_write(bytes, &(struct pinion_notice){
                                                 .flags = flags % 8,
                                                 .life = life,
                                                 .born = life * 1000,
                                                 .family = flags / 8 % 2,
                                                 .cluster = pinion__slice(cluster, strlen(cluster)),
                                                 .node = pinion__slice(node, strlen(node)),
                                             });
    say(PINION_SUBJECT_NODES, NULL, bytes, len, false);
}

/* A notice of another node, of one with the same name, of this node, or of another cluster. */
static void say_any_notice(unsigned byte)
{
    const struct pinion_broker *broker = user_broker();
    const char *own = broker->url.cluster ? broker->url.cluster : "";
    unsigned flags = byte / 16, life = 1 + byte / 4 % 4;
    script.namesake |= byte % 16 == 3;
    if (byte % 16 == 3)
        say_notice(broker->state->node, own, flags, life);
    else if (byte % 16 == 7)
        say_notice(broker->state->node, own, flags, broker->state->life);
    else if (byte % 16 == 11)
        say_notice("elsewhere", "another", flags, life);
    else
        say_notice(user_node(byte % 4 % USER_NODES), own, flags, life);
}

/* The next piece of a message, a piece that is not the next, or the first piece of another message. */
static void say_piece(unsigned byte)
{
    char bytes[PINION_PIECE_HEAD_MAX + USER_MESSAGE_MAX];
    size_t third = 1 + script.whole.len / 3, offset = script.whole.offset;
    if (offset >= script.whole.len || byte % 8 == 7) {
        script.whole.len = user_next(script.whole.bytes, 100 * (byte / 8), USER_LOOSE);
        script.whole.number++;
        script.whole.offset = offset = 0;
        third = 1 + script.whole.len / 3;
    }
    if (byte % 8 == 6)
        offset += third;
    if (offset >= script.whole.len)
        return;
    size_t len = script.whole.len - offset < third ? script.whole.len - offset : third;
    size_t head = pinion__piece_head(
        bytes, &(struct pinion_piece){
                   .life = 7, .number = script.whole.number, .offset = offset, .total = script.whole.len });
    memcpy(bytes + head, script.whole.bytes + offset, len);
    if (byte % 8 != 5) /* here it comes again */
        script.whole.offset = offset + len;
    say(PINION_SUBJECT_ALL, NULL, bytes, head + len, false);
}

/* Bytes that look like a parcel but are not. */
static void say_nonsense(struct pinion_slice rest)
{
    char bytes[65] = { PINION_PARCEL_VERSION };
    struct pinion_parcel parcel;
    memcpy(bytes + 1, rest.ptr, rest.len);
    if (pinion__parcel_read(pinion__slice(bytes, rest.len + 1), &parcel) != 0)
        say(PINION_SUBJECT_NODES, NULL, bytes, rest.len + 1, false);
}

/* ---- acts ---- */

static void act_as_node(unsigned what, unsigned byte)
{
    static const size_t sizes[] = { 0, 30, 200, 3000, 9000, 17000 };
    size_t size = sizes[byte / 8 % 6];
    switch (what) {
    case 0:
    case 1:
        user_subscribe(byte % USER_TOPICS);
        break;
    case 2:
        user_unsubscribe(byte % USER_TOPICS);
        break;
    case 3:
    case 4:
        user_broadcast(byte % (USER_TOPICS + 1), size, false);
        break;
    case 5:
        user_broadcast(byte % (USER_TOPICS + 1), size, true);
        break;
    case 6:
        user_send(byte % USER_NODES, size);
        break;
    default:
        for (unsigned i = 0; i < byte % 16; i++)
            user_broadcast(USER_TOPICS, size < 3000 ? size : 3000, false);
        break;
    }
}

static void act_as_others(unsigned what, unsigned byte, struct input *input)
{
    switch (what) {
    case 8:
    case 9:
        say_message(byte);
        break;
    case 10:
    case 11:
        say_any_notice(byte);
        break;
    case 12:
    case 13:
        say_piece(byte);
        break;
    case 14:
        say_nonsense(input_bytes(input, byte % 65 % 64));
        break;
    default:
        script.server->others(byte);
        break;
    }
}

void script_act(unsigned what, unsigned byte, struct input *input)
{
    if (what < NODE_ACTS)
        act_as_node(what, byte);
    else
        act_as_others(what, byte, input);
}

/* ---- the end ---- */

/* The server has what the node wants, and nothing else. */
bool script_is_in_step(void)
{
    char subject[PINION_SUBJECT_MAX];
    unsigned count = script.server->more;
    subject_of(subject, PINION_SUBJECT_ALL, NULL);
    bool all = script.server->has(subject);
    subject_of(subject, PINION_SUBJECT_NODES, NULL);
    all &= script.server->has(subject);
    subject_of(subject, PINION_SUBJECT_NODE, user_broker()->state->node);
    all &= script.server->has(subject);
    for (unsigned i = 0; i < USER_TOPICS; i++) {
        subject_of(subject, PINION_SUBJECT_TOPIC, user_topic(i));
        bool has = script.server->has(subject);
        count += has;
        all &= has == user_wants(i);
    }
    return all && script.server->subscriptions() == count;
}

void script_probe(void)
{
    char bytes[USER_MESSAGE_MAX + 16];
    user_allow_probe();
    user_broadcast(USER_TOPICS, 0, false);
    size_t len = user_next(bytes, 0, USER_TOPICS);
    say(PINION_SUBJECT_ALL, NULL, bytes, len, false);
}
