#include "transport/longpoll_remote.h"
#include "base/log.h"
#include "engine/hub.h"
#include "proto/varint.h"
#include <openssl/rand.h>
#include <stdlib.h>

#define LOOP_BITS    6
#define PATIENCE_MS  5000 /* beyond the time that an exchange may wait at its session */
#define MESSAGE_ROOM 512  /* of what is around body or answer */

enum { REQUEST = 1, ANSWER = 2, CANCEL = 3 };
enum { FLAG_GONE = 1, FLAG_REFUSED = 2 };

/* An exchange from another node, on the loop of its session. */
struct visitor {
    struct pinion_map_node node; /* in the loop's visitors */
    struct pinion_longpoll_remote *remote;
    unsigned loop;
    uint64_t number;
    struct pinion_longpoll_exchange *exchange;
    size_t key_len;
    char key[]; /* the number, then the node's name */
};

/* One loop's part. */
struct loop {
    struct pinion_map asked;    /* of its own exchanges, by number */
    struct pinion_map visitors; /* by number and node */
    uint64_t count;
};

struct pinion_longpoll_remote {
    struct pinion_longpoll *longpoll;
    struct pinion_hub *hub;
    struct pinion_longpoll_sessions *sessions;
    struct loop loops[1 << LOOP_BITS];
};

/* A message on its way to the loop it is for. */
struct arrival {
    struct pinion_task task;
    struct pinion_longpoll_remote *remote;
    unsigned loop;
    struct pinion_slice node; /* who sent it */
    struct pinion_slice rest; /* of the message, after what says where it goes */
    uint64_t number;
    char bytes[];
};

static void release(struct pinion_longpoll_exchange *exchange)
{
    pinion__longpoll_exchange_free(exchange);
}

/* ---- messages ---- */

static int put_byte(struct pinion_buf *out, unsigned byte)
{
    return pinion__buf_append_char(out, (char)byte);
}

static int put_start(struct pinion_buf *out, unsigned type, uint64_t number)
{
    int rc = put_byte(out, type);
    return rc ? rc : pinion__varint_append(out, number);
}

/* Whether a session is there is asked by publishing nothing: other nodes may know no kind of their own for
 * it. */
static int put_request(struct pinion_buf *out, const struct pinion_longpoll_exchange *exchange)
{
    size_t path_len = strlen(exchange->mount->path);
    bool find = exchange->kind == PINION_LONGPOLL_FIND;
    int rc = path_len > UINT8_MAX ? PINION_ETOOBIG : put_start(out, REQUEST, exchange->number);
    if (!rc)
        rc = put_byte(out, exchange->loop);
    if (!rc)
        rc = pinion__buf_append(out, exchange->id, sizeof exchange->id);
    if (!rc)
        rc = put_byte(out, find ? (unsigned)PINION_LONGPOLL_PUBLISH : (unsigned)exchange->kind);
    if (!rc)
        rc = put_byte(out, find || exchange->ndjson);
    if (!rc)
        rc = put_byte(out, (unsigned)path_len);
    if (!rc)
        rc = pinion__buf_append(out, exchange->mount->path, path_len);
    return rc ? rc : pinion__buf_append(out, exchange->body.data, exchange->body.len);
}

static int send(struct pinion_longpoll_remote *remote, const char *node, const struct pinion_buf *message)
{
    return pinion__pubsub_send(&remote->hub->pubsub, PINION_ENVELOPE_LONGPOLL, node,
                               pinion__slice(message->data, message->len));
}

static bool take_byte(struct pinion_slice *in, unsigned *out)
{
    if (in->len == 0)
        return false;
    *out = (unsigned char)in->ptr[0];
    *in = pinion__slice(in->ptr + 1, in->len - 1);
    return true;
}

static bool take_bytes(struct pinion_slice *in, size_t len, struct pinion_slice *out)
{
    if (in->len < len)
        return false;
    *out = pinion__slice(in->ptr, len);
    *in = pinion__slice(in->ptr + len, in->len - len);
    return true;
}

/* ---- asking ---- */

static struct pinion_slice exchange_number(const struct pinion_map_node *node)
{
    const struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, asked);
    return pinion__slice((const char *)&exchange->number, sizeof exchange->number);
}

static struct loop *home_of(struct pinion_longpoll_remote *remote,
                            const struct pinion_longpoll_exchange *exchange)
{
    return &remote->loops[exchange->number & ((1 << LOOP_BITS) - 1)];
}

static struct pinion_longpoll_exchange *find_asked(struct loop *loop, uint64_t number)
{
    struct pinion_slice name = pinion__slice((const char *)&number, sizeof number);
    struct pinion_map_node *node = pinion__map_find(&loop->asked, name, pinion__hash(name));
    return node ? PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, asked) : NULL;
}

static void take_back(struct pinion_longpoll_remote *remote, struct pinion_longpoll_exchange *exchange)
{
    pinion__map_remove(&home_of(remote, exchange)->asked, &exchange->asked);
    pinion__timer_cancel(&exchange->window);
    exchange->there = exchange->home;
}

/* The other node has not answered: whatever it was waiting for, its session cannot be reached. What was to be
 * published may have arrived. */
static void give_up(struct pinion_longpoll_exchange *exchange)
{
    exchange->gone = exchange->kind == PINION_LONGPOLL_POLL;
    if (!exchange->gone)
        (void)pinion__longpoll_put_status(&exchange->answer, 408);
    pinion__longpoll_exchange_return(exchange);
}

static void on_silence(struct pinion_timer *timer)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(timer, struct pinion_longpoll_exchange, window);
    take_back(exchange->remote, exchange);
    give_up(exchange);
}

static unsigned index_of(const struct pinion_hub *hub, const struct pinion_shard *shard)
{
    unsigned index = 0;
    while (hub->shards[index] != shard)
        index++;
    return index;
}

static int note_asked(struct pinion_longpoll_remote *remote, struct pinion_longpoll_exchange *exchange)
{
    unsigned index = index_of(remote->hub, exchange->home);
    struct loop *loop = &remote->loops[index];
    exchange->remote = remote;
    exchange->number = ++loop->count << LOOP_BITS | index;
    struct pinion_slice name = pinion__slice((const char *)&exchange->number, sizeof exchange->number);
    int rc = pinion__map_insert(&loop->asked, &exchange->asked, pinion__hash(name));
    if (rc)
        return rc;
    pinion__timer_init(&exchange->window, on_silence);
    pinion__scheduler_deadline(exchange->home->scheduler, &exchange->window,
                               exchange->mount->options.longpoll_window_ms + PATIENCE_MS);
    return 0;
}

void pinion__longpoll_remote_ask(struct pinion_longpoll_remote *remote,
                                 struct pinion_longpoll_exchange *exchange)
{
    struct pinion_buf message;
    exchange->there = exchange->home;
    if (pinion__pubsub_has_gone(&remote->hub->pubsub, exchange->elsewhere) ||
        note_asked(remote, exchange) != 0) {
        give_up(exchange);
        return;
    }
    pinion__buf_init(&message, exchange->body.len + MESSAGE_ROOM);
    int rc = put_request(&message, exchange);
    if (!rc)
        rc = send(remote, exchange->elsewhere, &message);
    pinion__buf_release(&message);
    if (rc) {
        take_back(remote, exchange);
        give_up(exchange);
    }
}

void pinion__longpoll_remote_abandon(struct pinion_longpoll_remote *remote,
                                     struct pinion_longpoll_exchange *exchange)
{
    struct pinion_buf message;
    exchange->owner = NULL;
    if (find_asked(home_of(remote, exchange), exchange->number) != exchange)
        return; /* it is on its way home */
    take_back(remote, exchange);
    pinion__buf_init(&message, MESSAGE_ROOM);
    if (put_start(&message, CANCEL, exchange->number) == 0 && put_byte(&message, exchange->loop) == 0)
        (void)send(remote, exchange->elsewhere, &message);
    pinion__buf_release(&message);
    release(exchange);
}

/* ---- an answer comes ---- */

/* To a publish of nothing, which a session that is there takes. */
static bool took(const struct pinion_longpoll_exchange *exchange)
{
    static const char status[] = "{\"status\":200}";
    return exchange->answer.len == sizeof status - 1 &&
           memcmp(exchange->answer.data, status, sizeof status - 1) == 0;
}

static void run_answer(struct pinion_task *task)
{
    struct arrival *arrival = PINION_CONTAINER_OF(task, struct arrival, task);
    struct pinion_longpoll_exchange *exchange =
        find_asked(&arrival->remote->loops[arrival->loop], arrival->number);
    unsigned flags = 0;
    if (exchange && strlen(exchange->elsewhere) == arrival->node.len &&
        memcmp(exchange->elsewhere, arrival->node.ptr, arrival->node.len) == 0 &&
        take_byte(&arrival->rest, &flags)) {
        take_back(arrival->remote, exchange);
        exchange->gone = flags & FLAG_GONE;
        exchange->refused = flags & FLAG_REFUSED;
        if (pinion__buf_append(&exchange->answer, arrival->rest.ptr, arrival->rest.len) != 0)
            exchange->gone = true;
        exchange->found = exchange->kind == PINION_LONGPOLL_FIND && !exchange->gone && took(exchange);
        pinion__longpoll_exchange_return(exchange);
    }
    free(arrival);
}

/* ---- a visitor comes ---- */

static struct pinion_slice visitor_key(const struct pinion_map_node *node)
{
    const struct visitor *visitor = PINION_CONTAINER_OF(node, struct visitor, node);
    return pinion__slice(visitor->key, visitor->key_len);
}

static struct visitor *visitor_new(const struct arrival *arrival)
{
    struct visitor *visitor = malloc(sizeof *visitor + sizeof arrival->number + arrival->node.len + 1);
    if (!visitor)
        return NULL;
    *visitor = (struct visitor){ .remote = arrival->remote,
                                 .loop = arrival->loop,
                                 .number = arrival->number,
                                 .key_len = sizeof arrival->number + arrival->node.len };
    memcpy(visitor->key, &arrival->number, sizeof arrival->number);
    memcpy(visitor->key + sizeof arrival->number, arrival->node.ptr, arrival->node.len);
    visitor->key[visitor->key_len] = '\0';
    return visitor;
}

static const char *visitor_node(const struct visitor *visitor)
{
    return visitor->key + sizeof visitor->number;
}

static void answer_visitor(struct pinion_longpoll_remote *remote, const char *node, uint64_t number,
                           unsigned flags, struct pinion_slice text)
{
    struct pinion_buf message;
    pinion__buf_init(&message, text.len + MESSAGE_ROOM);
    if (put_start(&message, ANSWER, number) == 0 && put_byte(&message, flags) == 0 &&
        pinion__buf_append(&message, text.ptr, text.len) == 0)
        (void)send(remote, node, &message);
    pinion__buf_release(&message);
}

static void forget(struct visitor *visitor)
{
    pinion__map_remove(&visitor->remote->loops[visitor->loop].visitors, &visitor->node);
    free(visitor);
}

static void on_answered(struct pinion_longpoll_exchange *exchange)
{
    struct visitor *visitor = exchange->owner;
    unsigned flags = (exchange->gone ? FLAG_GONE : 0u) | (exchange->refused ? FLAG_REFUSED : 0u);
    answer_visitor(visitor->remote, visitor_node(visitor), visitor->number, flags,
                   pinion__slice(exchange->answer.data, exchange->answer.len));
    forget(visitor);
}

static bool fill(struct pinion_longpoll_exchange *exchange, unsigned kind, struct pinion_slice body)
{
    struct pinion_longpoll_batch frames;
    exchange->kind = kind == PINION_LONGPOLL_POLL ? PINION_LONGPOLL_POLL : PINION_LONGPOLL_PUBLISH;
    if (exchange->kind == PINION_LONGPOLL_POLL)
        return true;
    if (kind != PINION_LONGPOLL_PUBLISH || pinion__buf_append(&exchange->body, body.ptr, body.len) != 0)
        return false;
    pinion__longpoll_batch_init(&frames, exchange->body.data, exchange->body.len, exchange->ndjson);
    return pinion__longpoll_batch_check(&frames, exchange->mount->options.longpoll_max_batch) == 0;
}

static bool admit(struct arrival *arrival, struct pinion_longpoll_exchange *exchange, unsigned kind,
                  struct pinion_slice body)
{
    struct visitor *visitor = fill(exchange, kind, body) ? visitor_new(arrival) : NULL;
    if (!visitor)
        return false;
    struct pinion_slice key = visitor_key(&visitor->node);
    if (pinion__map_insert(&arrival->remote->loops[arrival->loop].visitors, &visitor->node,
                           pinion__hash(key)) != 0) {
        free(visitor);
        return false;
    }
    visitor->exchange = exchange;
    exchange->owner = visitor;
    exchange->answered = on_answered;
    if (exchange->kind == PINION_LONGPOLL_POLL)
        pinion__longpoll_poll(exchange);
    else
        pinion__longpoll_publish(exchange);
    return true;
}

/* False: there is no such session here, or the request is malformed. */
static bool receive(struct arrival *arrival)
{
    struct pinion_longpoll_remote *remote = arrival->remote;
    struct pinion_shard *shard = remote->hub->shards[arrival->loop];
    struct pinion_slice in = arrival->rest, id, path;
    unsigned kind, ndjson, path_len;
    if (!take_bytes(&in, PINION_LONGPOLL_ID_LEN, &id) || !take_byte(&in, &kind) || !take_byte(&in, &ndjson) ||
        !take_byte(&in, &path_len) || !take_bytes(&in, path_len, &path))
        return false;
    struct pinion_longpoll_session *session =
        pinion__longpoll_session_at(&remote->sessions[arrival->loop], (const unsigned char *)id.ptr, path);
    struct pinion_longpoll_exchange *exchange =
        session ? pinion__longpoll_exchange_new(remote->longpoll, shard, session->mount) : NULL;
    if (!exchange)
        return false;
    memcpy(exchange->id, id.ptr, sizeof exchange->id);
    exchange->loop = arrival->loop;
    exchange->ndjson = ndjson;
    if (admit(arrival, exchange, kind, in))
        return true;
    release(exchange);
    return false;
}

static void run_request(struct pinion_task *task)
{
    struct arrival *arrival = PINION_CONTAINER_OF(task, struct arrival, task);
    char node[UINT8_MAX + 1];
    if (!receive(arrival)) {
        memcpy(node, arrival->node.ptr, arrival->node.len);
        node[arrival->node.len] = '\0';
        answer_visitor(arrival->remote, node, arrival->number, FLAG_GONE, pinion__slice(NULL, 0));
    }
    free(arrival);
}

static void run_cancel(struct pinion_task *task)
{
    struct arrival *arrival = PINION_CONTAINER_OF(task, struct arrival, task);
    struct visitor *wanted = visitor_new(arrival);
    struct pinion_map *visitors = &arrival->remote->loops[arrival->loop].visitors;
    if (wanted) {
        struct pinion_slice key = visitor_key(&wanted->node);
        struct pinion_map_node *node = pinion__map_find(visitors, key, pinion__hash(key));
        struct visitor *visitor = node ? PINION_CONTAINER_OF(node, struct visitor, node) : NULL;
        if (visitor) {
            pinion__longpoll_abandon(visitor->exchange);
            forget(visitor);
        }
    }
    free(wanted);
    free(arrival);
}

/* ---- on the adapter's thread ---- */

static void post(struct pinion_longpoll_remote *remote, void (*run)(struct pinion_task *task), unsigned loop,
                 uint64_t number, struct pinion_slice node, struct pinion_slice rest)
{
    struct arrival *arrival = malloc(sizeof *arrival + node.len + rest.len);
    if (!arrival)
        return;
    *arrival = (struct arrival){ .task.run = run, .remote = remote, .loop = loop, .number = number };
    memcpy(arrival->bytes, node.ptr, node.len);
    if (rest.len)
        memcpy(arrival->bytes + node.len, rest.ptr, rest.len);
    arrival->node = pinion__slice(arrival->bytes, node.len);
    arrival->rest = pinion__slice(arrival->bytes + node.len, rest.len);
    if (pinion__scheduler_post(remote->hub->shards[loop]->scheduler, &arrival->task, rest.len + 1) != 0)
        free(arrival); /* as if it had been lost on its way */
}

static void on_message(void *context, struct pinion_slice node, struct pinion_slice bytes)
{
    struct pinion_longpoll_remote *remote = context;
    unsigned type = 0, loop = 0;
    uint64_t number = 0;
    if (!take_byte(&bytes, &type) || pinion__varint_read(&bytes, &number) != 0)
        return;
    if (type == ANSWER)
        loop = number & ((1 << LOOP_BITS) - 1);
    else if (!take_byte(&bytes, &loop))
        return;
    if (loop >= remote->hub->shard_count)
        return;
    if (type == ANSWER)
        post(remote, run_answer, loop, number, node, bytes);
    else if (type == REQUEST)
        post(remote, run_request, loop, number, node, bytes);
    else if (type == CANCEL)
        post(remote, run_cancel, loop, number, node, bytes);
}

/* ---- a node has gone ---- */

struct departure {
    struct pinion_task task;
    struct pinion_longpoll_remote *remote;
    unsigned loop;
    char node[];
};

static void give_up_on(struct pinion_map_node *node, void *data)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, asked);
    const struct departure *departure = data;
    if (strcmp(exchange->elsewhere, departure->node) != 0)
        return;
    take_back(departure->remote, exchange);
    give_up(exchange); /* which comes back by a queue */
}

static void run_departure(struct pinion_task *task)
{
    struct departure *departure = PINION_CONTAINER_OF(task, struct departure, task);
    pinion__map_each(&departure->remote->loops[departure->loop].asked, give_up_on, departure);
    free(departure);
}

/* Where there is no memory, or the mailbox is full, the exchanges wait for as long as they may. */
static void on_gone(void *context, const char *node)
{
    struct pinion_longpoll_remote *remote = context;
    size_t size = strlen(node) + 1;
    for (unsigned i = 0; i < remote->hub->shard_count; i++) {
        struct departure *departure = malloc(sizeof *departure + size);
        if (!departure)
            return;
        *departure = (struct departure){ .task.run = run_departure, .remote = remote, .loop = i };
        memcpy(departure->node, node, size);
        if (pinion__scheduler_post(remote->hub->shards[i]->scheduler, &departure->task, size) != 0)
            free(departure);
    }
}

/* ---- life ---- */

/* Exchanges are numbered from anywhere: an answer to one of this node's life before is none to one of this.
 */
static int begin_numbers(struct pinion_longpoll_remote *remote)
{
    for (unsigned i = 0; i < remote->hub->shard_count; i++) {
        uint64_t random;
        if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
            return pinion__fail(PINION_EIO, "the system gives no random bytes");
        remote->loops[i].count = random >> (LOOP_BITS + 8);
    }
    return 0;
}

int pinion__longpoll_remote_new(struct pinion_longpoll_remote **out, struct pinion_longpoll *longpoll,
                                struct pinion_hub *hub, struct pinion_longpoll_sessions *sessions)
{
    struct pinion_longpoll_remote *remote = calloc(1, sizeof *remote);
    if (!remote)
        return PINION_ENOMEM;
    remote->longpoll = longpoll;
    remote->hub = hub;
    remote->sessions = sessions;
    for (unsigned i = 0; i < hub->shard_count; i++) {
        pinion__map_init(&remote->loops[i].asked, exchange_number);
        pinion__map_init(&remote->loops[i].visitors, visitor_key);
    }
    int rc = begin_numbers(remote);
    if (rc) {
        free(remote);
        return rc;
    }
    pinion__pubsub_receive(&hub->pubsub, PINION_ENVELOPE_LONGPOLL, on_message, remote);
    pinion__pubsub_watch(&hub->pubsub, on_gone, remote);
    *out = remote;
    return 0;
}

static void free_asked(struct pinion_map_node *node, void *data)
{
    pinion__map_remove(data, node);
    release(PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, asked));
}

static void free_visitor(struct pinion_map_node *node, void *data)
{
    forget(PINION_CONTAINER_OF(node, struct visitor, node));
}

void pinion__longpoll_remote_free(struct pinion_longpoll_remote *remote)
{
    if (!remote)
        return;
    for (unsigned i = 0; i < remote->hub->shard_count; i++) {
        pinion__map_each(&remote->loops[i].asked, free_asked, &remote->loops[i].asked);
        pinion__map_release(&remote->loops[i].asked);
        pinion__map_each(&remote->loops[i].visitors, free_visitor, NULL);
        pinion__map_release(&remote->loops[i].visitors);
    }
    free(remote);
}
