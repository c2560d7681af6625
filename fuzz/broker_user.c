/* See broker_user.h. */
#include "broker_user.h"
#include "base/clock.h"
#include "fuzz.h"
#include "pubsub/broker_int.h"
#include <pthread.h>

#define TICKETS_MAX 512
#define KEYS        (USER_TOPICS + 1 + USER_NODES) /* receivers of messages: a topic, all, a node */

enum topic_state { AWAY, ASKED, THERE, REFUSED };

struct topic {
    enum topic_state state;
    uint64_t ticket;
};

struct ticket {
    unsigned topic;
    uint64_t asked; /* when; 0: it was answered */
};

/* In either direction. */
struct message {
    unsigned key; /* KEYS: it is the server's, and may come at any time */
    size_t len;
    bool refused;
    bool seen;
    bool echoed;
};

static const char *const topics[USER_TOPICS] = { "room:1", "a", "", "x.y *>\xc3\xa4" };
static const char *const others[USER_NODES] = { "n1", "n.2", "nobody" };

static struct user {
    pthread_mutex_t lock; /* guards what follows */
    pinion_pubsub_adapter *adapter;
    bool alone;
    bool trusted;
    bool stopped;
    bool calling; /* ->subscribe is being called */
    bool up;
    struct topic topics[USER_TOPICS];
    struct ticket tickets[TICKETS_MAX];
    uint64_t last_ticket;
    unsigned waiting;
    struct message out[USER_NUMBERS], in[USER_NUMBERS];
    unsigned last_out, last_in;
    unsigned most; /* of either */
    unsigned last_came[KEYS], last_arrived[KEYS];
    struct pinion_pieces pieces; /* of what arrives */
    bool goodbye;
    struct user_counts counts;
    bool gone[USER_NODES];
} user = { .lock = PTHREAD_MUTEX_INITIALIZER };

static atomic_flag receiving = ATOMIC_FLAG_INIT; /* on one thread at a time */

static void lock(void)
{
    pthread_mutex_lock(&user.lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&user.lock);
}

const char *user_topic(unsigned topic)
{
    return topics[topic];
}

const char *user_node(unsigned node)
{
    return others[node];
}

struct pinion_broker *user_broker(void)
{
    return PINION_CONTAINER_OF(user.adapter, struct pinion_broker, base);
}

/* ---- what the adapter says ---- */

static void require_free(struct pinion_lock *lock)
{
    REQUIRE(pthread_mutex_trylock(&lock->mutex) == 0);
    pthread_mutex_unlock(&lock->mutex);
}

/* Nothing may be reported before the start or after the end. Functions that may call back are called without
 * a lock. */
static void heard(bool calls_back)
{
    REQUIRE(user.adapter && !user.stopped);
    if (!user.alone || !calls_back)
        return;
    REQUIRE(!user.calling);
    require_free(&user_broker()->state->queue.lock);
    require_free(&user_broker()->state->refusing);
    require_free(&user_broker()->state->peers.lock);
}

/* Read the letter and the number at the start of a message. */
static char read_head(struct pinion_slice bytes, unsigned *number)
{
    char text[16] = "", letter = '\0';
    memcpy(text, bytes.ptr, bytes.len < sizeof text ? bytes.len : sizeof text - 1);
    const char *head = *text == PINION_PARCEL_VERSION ? text + 1 : text;
    return sscanf(head, "%c%u:", &letter, number) == 2 ? letter : '\0';
}

static void note_came(struct message *message, unsigned number, size_t len)
{
    REQUIRE(!message->seen && message->len == len);
    message->seen = true;
    user.counts.came++;
    if (message->key == KEYS)
        return;
    REQUIRE(number > user.last_came[message->key]);
    user.last_came[message->key] = number;
}

/* The message is the server's or, as brokers do, the node's own. */
static void on_received(void *core, const void *bytes, size_t length)
{
    struct pinion_slice message = pinion__slice(bytes, length);
    unsigned number = 0;
    REQUIRE(!atomic_flag_test_and_set(&receiving));
    lock();
    heard(true);
    char letter = length ? read_head(message, &number) : '\0';
    bool known = (letter == 'm' && number <= user.last_in) || (letter == 'o' && number <= user.last_out);
    REQUIRE(known || !user.trusted);
    if (user.trusted && letter == 'm') {
        note_came(&user.in[number], number, length);
    } else if (user.trusted) {
        REQUIRE(!user.out[number].echoed && length == user.out[number].len);
        user.out[number].echoed = true;
    }
    unlock();
    atomic_flag_clear(&receiving);
}

static void answer(const char *topic, uint64_t ticket, bool refused)
{
    lock();
    heard(true);
    REQUIRE(ticket <= user.last_ticket && (ticket || refused));
    unsigned which = ticket ? user.tickets[ticket].topic : 0;
    while (!ticket && which < USER_TOPICS && strcmp(topics[which], topic) != 0)
        which++;
    REQUIRE(which < USER_TOPICS && strcmp(topics[which], topic) == 0);
    struct topic *found = &user.topics[which];
    if (ticket) {
        REQUIRE(user.tickets[ticket].asked);
        REQUIRE(!user.alone || pinion__clock_ms() - user.tickets[ticket].asked <= USER_SOON_MS);
        user.tickets[ticket].asked = 0;
        user.waiting--;
    }
    if (refused && (!ticket || found->ticket == ticket) && found->state != AWAY)
        found->state = REFUSED;
    else if (found->state == ASKED && found->ticket == ticket)
        found->state = THERE;
    unlock();
}

static void on_subscribed(void *core, const char *topic, uint64_t ticket)
{
    answer(topic, ticket, false);
}

static void on_refused(void *core, const char *topic, uint64_t ticket)
{
    answer(topic, ticket, true);
}

static void on_connection(void *core, bool up, const char *detail)
{
    lock();
    heard(true);
    REQUIRE(detail && (up || *detail));
    user.up = up;
    user.counts.ups += up;
    user.counts.downs += !up;
    unlock();
}

static void on_lost(void *core, size_t count)
{
    lock();
    heard(false);
    REQUIRE(count > 0);
    user.counts.lost += (unsigned)count;
    unlock();
}

/* It may be reported again that a node is there, but not that it has gone. */
static void on_node(void *core, const char *name, bool up)
{
    lock();
    heard(true);
    for (unsigned i = 0; i < USER_NODES; i++) {
        if (strcmp(others[i], name) != 0)
            continue;
        REQUIRE(up || !user.gone[i]);
        user.gone[i] = !up;
    }
    unlock();
}

static const pinion_pubsub_events events = {
    .received = on_received,
    .subscribed = on_subscribed,
    .connection = on_connection,
    .lost = on_lost,
    .refused = on_refused,
    .node = on_node,
};

/* ---- life ---- */

void user_begin(pinion_pubsub_adapter *adapter, bool alone)
{
    pthread_mutex_t kept = user.lock;
    memset(&user, 0, sizeof user);
    user.lock = kept;
    user.adapter = adapter;
    user.alone = alone;
    user.trusted = true;
    user.most = USER_NUMBERS - USER_PROBES;
    pinion__pieces_init(&user.pieces, SIZE_MAX / 2);
}

int user_start(char *why, size_t size)
{
    int rc = user.adapter->ops->start(user.adapter, &events, &user, why, size);
    if (rc)
        user.stopped = true;
    return rc;
}

bool user_runs(void)
{
    struct pinion_broker_state *state = user_broker()->state;
    pinion__lock(&state->queue.lock);
    bool runs = state->decided && state->outcome == 0 && !state->stopping;
    pinion__unlock(&state->queue.lock);
    return runs;
}

void user_stop(void)
{
    if (user_runs())
        user.adapter->ops->stop(user.adapter);
}

static void require_empty(struct pinion_broker_state *state)
{
    REQUIRE(pinion__list_empty(&state->pieces.messages) && state->pieces.bytes == 0);
    REQUIRE(state->peers.up <= state->peers.map.count && state->peers.awaited <= state->peers.map.count);
}

void user_end(void)
{
    user.stopped = true;
    REQUIRE(user.waiting == 0);
    require_empty(user_broker()->state);
    (void)pinion__pieces_release(&user.pieces);
    user.adapter->ops->free(user.adapter);
    user.adapter = NULL;
}

/* ---- what an endpoint does ---- */

static void begin_ticket(unsigned topic)
{
    struct topic *asked = &user.topics[topic];
    *asked = (struct topic){ ASKED, ++user.last_ticket };
    user.tickets[asked->ticket] = (struct ticket){ topic, pinion__clock_ms() };
    user.waiting++;
    user.calling = true;
}

/* There is nothing to wait for, or it has failed. */
static void end_ticket(unsigned topic, uint64_t ticket, int rc)
{
    user.calling = false;
    if (!rc)
        return;
    REQUIRE(rc == PINION_ENOTCONN && user.tickets[ticket].asked);
    user.tickets[ticket].asked = 0;
    user.waiting--;
    if (user.topics[topic].ticket == ticket)
        user.topics[topic].state = THERE;
}

/* Called without the lock: another thread may answer before the call has returned. */
void user_subscribe(unsigned topic)
{
    const pinion_pubsub_ops *ops = user.adapter->ops;
    if (!ops->subscribe || !user_runs())
        return;
    lock();
    bool may = user.topics[topic].state == AWAY || user.topics[topic].state == REFUSED;
    may &= user.last_ticket < TICKETS_MAX - 1;
    if (may)
        begin_ticket(topic);
    uint64_t ticket = user.topics[topic].ticket;
    unlock();
    if (!may)
        return;
    int rc = ops->subscribe(user.adapter, topics[topic], ticket);
    lock();
    end_ticket(topic, ticket, rc);
    unlock();
}

void user_unsubscribe(unsigned topic)
{
    const pinion_pubsub_ops *ops = user.adapter->ops;
    if (!ops->unsubscribe || !user_runs())
        return;
    lock();
    bool may = user.topics[topic].state != AWAY;
    user.topics[topic] = (struct topic){ AWAY, 0 };
    unlock();
    if (may)
        ops->unsubscribe(user.adapter, topics[topic]);
}

/* Returns the message's number; 0: there are enough. */
static unsigned write_message(char out[USER_MESSAGE_MAX + 16], size_t *len, bool odd, bool comes)
{
    unsigned *last = comes ? &user.last_in : &user.last_out;
    struct message *messages = comes ? user.in : user.out;
    if (*last >= user.most)
        return 0;
    unsigned number = ++*last;
    size_t head = 0;
    if (odd)
        out[head++] = PINION_PARCEL_VERSION;
    head += (size_t)sprintf(out + head, "%c%u:", comes ? 'm' : 'o', number);
    if (*len < head)
        *len = head;
    REQUIRE(*len <= USER_MESSAGE_MAX + 16);
    memset(out + head, 'a' + (int)(number % 26), *len - head);
    messages[number].len = *len;
    return number;
}

/* The name for a key. NULL: all. */
static const char *name_of(unsigned key)
{
    return key < USER_TOPICS ? topics[key] : key > USER_TOPICS ? others[key - USER_TOPICS - 1] : NULL;
}

static void subject_of(unsigned key, char out[PINION_SUBJECT_MAX])
{
    enum pinion_subject kind = key < USER_TOPICS   ? PINION_SUBJECT_TOPIC
                               : key > USER_TOPICS ? PINION_SUBJECT_NODE
                                                   : PINION_SUBJECT_ALL;
    (void)pinion__subject(out, user_broker()->state->base, kind, name_of(key));
}

static void publish(unsigned key, const char *topic, size_t len, bool odd)
{
    static char bytes[USER_MESSAGE_MAX + 16];
    pinion_pubsub_adapter *adapter = user.adapter;
    lock();
    unsigned number = write_message(bytes, &len, odd, false);
    user.out[number].key = key;
    unlock();
    if (!number)
        return;
    int rc = key > USER_TOPICS ? adapter->ops->send(adapter, name_of(key), bytes, len)
                               : adapter->ops->broadcast(adapter, topic, bytes, len);
    REQUIRE(rc == 0 || rc == PINION_EBUSY || rc == PINION_ETOOBIG);
    lock();
    user.counts.taken += rc == 0;
    user.out[number].refused = rc != 0;
    unlock();
}

void user_broadcast(unsigned topic, size_t len, bool odd)
{
    bool own = topic < USER_TOPICS && user_broker()->url.topics;
    if (user_runs())
        publish(own ? topic : USER_TOPICS, topic < USER_TOPICS ? topics[topic] : NULL, len, odd);
}

void user_send(unsigned node, size_t len)
{
    if (user_runs())
        publish(USER_TOPICS + 1 + node, NULL, len, false);
}

void user_allow_probe(void)
{
    lock();
    user.most = USER_NUMBERS - 1;
    unlock();
}

/* ---- at the server ---- */

/* Each message arrives once, and in order on each subject. */
static void note_arrived(const char *subject, struct pinion_slice bytes)
{
    char expected[PINION_SUBJECT_MAX];
    unsigned number = 0;
    REQUIRE(read_head(bytes, &number) == 'o' && number > 0 && number <= user.last_out);
    struct message *message = &user.out[number];
    subject_of(message->key, expected);
    REQUIRE(!message->refused && message->len == bytes.len && strcmp(subject, expected) == 0);
    REQUIRE(number > user.last_arrived[message->key]);
    user.last_arrived[message->key] = number;
    message->seen = true;
    user.counts.arrived++;
}

/* What nodes send each other must be readable, and come from this node. */
static void take_parcel(const char *subject, struct pinion_slice bytes)
{
    struct pinion_parcel parcel;
    const struct pinion_broker_state *state = user_broker()->state;
    char *whole = NULL;
    size_t lost = 0;
    REQUIRE(pinion__parcel_read(bytes, &parcel) == 0);
    if (parcel.kind == PINION_PARCEL_NOTICE) {
        REQUIRE(pinion__slice_is(parcel.notice.node, state->node) && parcel.notice.life == state->life);
        REQUIRE(!user.goodbye);
        user.goodbye = parcel.notice.flags & PINION_NOTICE_BYE;
    } else if (pinion__pieces_take(&user.pieces, &parcel.piece, 0, &whole, &lost)) {
        note_arrived(subject, pinion__slice(whole, parcel.piece.total));
        free(whole);
    }
}

void user_arrived(const char *subject, struct pinion_slice bytes)
{
    lock();
    if (pinion__is_parcel(bytes))
        take_parcel(subject, bytes);
    else
        note_arrived(subject, bytes);
    unlock();
}

size_t user_next(char out[USER_MESSAGE_MAX + 16], size_t len, unsigned topic)
{
    lock();
    unsigned number = write_message(out, &len, false, true);
    user.in[number].key = topic == USER_LOOSE ? KEYS : topic;
    unlock();
    return number ? len : 0;
}

void user_trust(bool trusted)
{
    lock();
    user.trusted = trusted;
    unlock();
}

/* ---- what is known ---- */

struct user_counts user_counted(void)
{
    lock();
    struct user_counts counts = user.counts;
    unlock();
    return counts;
}

bool user_is_up(void)
{
    lock();
    bool up = user.up;
    unlock();
    return up;
}

unsigned user_waiting(void)
{
    lock();
    unsigned waiting = user.waiting;
    unlock();
    return waiting;
}

static enum topic_state state_of(unsigned topic)
{
    lock();
    enum topic_state state = user.topics[topic].state;
    unlock();
    return state;
}

bool user_wants(unsigned topic)
{
    return state_of(topic) != AWAY;
}

bool user_last_arrived(void)
{
    lock();
    bool arrived = user.last_out > 0 && user.out[user.last_out].seen;
    unlock();
    return arrived;
}

bool user_last_came(void)
{
    lock();
    bool came = user.last_in > 0 && user.in[user.last_in].seen;
    unlock();
    return came;
}

bool user_said_goodbye(void)
{
    lock();
    bool goodbye = user.goodbye;
    unlock();
    return goodbye;
}
