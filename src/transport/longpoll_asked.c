#include "transport/longpoll_asked.h"
#include "base/log.h"
#include "proto/longpoll_codec.h"
#include <openssl/rand.h>

#define PATIENCE_MS 5000 /* beyond the time that an exchange may wait at its session */

/* ---- by number ---- */

static struct pinion_longpoll_exchange *exchange_of(struct pinion_map_node *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, asked);
}

static struct pinion_slice exchange_number(const struct pinion_map_node *node)
{
    const struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, asked);
    return pinion__slice((const char *)&exchange->number, sizeof exchange->number);
}

static struct pinion_longpoll_asked_by_loop *home_of(struct pinion_longpoll_asked *asked, uint64_t number)
{
    return &asked->loops[number & ((1 << PINION_LONGPOLL_LOOP_BITS) - 1)];
}

static struct pinion_longpoll_exchange *find(struct pinion_longpoll_asked *asked, uint64_t number)
{
    struct pinion_slice name = pinion__slice((const char *)&number, sizeof number);
    struct pinion_map_node *node =
        pinion__map_find(&home_of(asked, number)->by_number, name, pinion__hash(name));
    return node ? exchange_of(node) : NULL;
}

static void take_back(struct pinion_longpoll_asked *asked, struct pinion_longpoll_exchange *exchange)
{
    pinion__map_remove(&home_of(asked, exchange->number)->by_number, &exchange->asked);
    pinion__timer_cancel(&exchange->window);
    exchange->there = exchange->home;
}

/* ---- no answer ---- */

/* The other node has not answered: whatever it was waiting for, its session cannot be reached. What was to be
 * published may have arrived. When the node itself is known to have gone, so have its sessions. */
static void give_up(struct pinion_longpoll_exchange *exchange, bool node_has_gone)
{
    exchange->gone = node_has_gone || exchange->kind == PINION_LONGPOLL_POLL;
    if (!exchange->gone)
        (void)pinion__longpoll_put_status(&exchange->answer, 408);
    pinion__longpoll_exchange_return(exchange);
}

static void on_silence(struct pinion_timer *timer)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(timer, struct pinion_longpoll_exchange, window);
    take_back(exchange->asked_by, exchange);
    give_up(exchange, false);
}

struct departure {
    struct pinion_longpoll_asked *asked;
    const char *node;
};

static void give_up_on(struct pinion_map_node *node, void *data)
{
    struct pinion_longpoll_exchange *exchange = exchange_of(node);
    const struct departure *departure = data;
    if (strcmp(exchange->elsewhere, departure->node) != 0)
        return;
    take_back(departure->asked, exchange);
    give_up(exchange, true); /* which comes back by a queue */
}

void pinion__longpoll_asked_departed(struct pinion_longpoll_asked *asked, unsigned loop, const char *node)
{
    struct departure departure = { .asked = asked, .node = node };
    pinion__map_each(&asked->loops[loop].by_number, give_up_on, &departure);
}

/* ---- to ask ---- */

static int note(struct pinion_longpoll_asked *asked, struct pinion_longpoll_exchange *exchange)
{
    unsigned index = pinion__longpoll_exchange_home(exchange);
    struct pinion_longpoll_asked_by_loop *loop = &asked->loops[index];
    exchange->asked_by = asked;
    exchange->number = ++loop->count << PINION_LONGPOLL_LOOP_BITS | index;
    struct pinion_slice name = pinion__slice((const char *)&exchange->number, sizeof exchange->number);
    int rc = pinion__map_insert(&loop->by_number, &exchange->asked, pinion__hash(name));
    if (rc)
        return rc;
    pinion__timer_init(&exchange->window, on_silence);
    pinion__scheduler_deadline(exchange->home->scheduler, &exchange->window,
                               exchange->mount->limits.longpoll_window_ms + PATIENCE_MS);
    return 0;
}

/* Whether a session is there is asked by publishing nothing: other nodes may know no kind of their own for
 * it. */
static struct pinion_longpoll_request request_of(const struct pinion_longpoll_exchange *exchange)
{
    bool find = exchange->kind == PINION_LONGPOLL_FIND;
    return (struct pinion_longpoll_request){
        .id = exchange->id,
        .kind = find ? PINION_LONGPOLL_PUBLISH : exchange->kind,
        .ndjson = find || exchange->ndjson,
        .path = pinion__slice_str(exchange->mount->path),
        .body = pinion__slice(exchange->body.data, exchange->body.len),
    };
}

void pinion__longpoll_asked_send(struct pinion_longpoll_asked *asked,
                                 struct pinion_longpoll_exchange *exchange)
{
    struct pinion_buf message;
    exchange->there = exchange->home;
    bool gone = pinion__pubsub_has_gone(&asked->hub->pubsub, exchange->elsewhere);
    if (gone || note(asked, exchange) != 0) {
        give_up(exchange, gone);
        return;
    }
    struct pinion_longpoll_request request = request_of(exchange);
    pinion__buf_init(&message, exchange->body.len + PINION_LONGPOLL_MESSAGE_ROOM);
    int rc = pinion__longpoll_message_put_request(&message, exchange->number, exchange->loop, &request);
    if (!rc)
        rc = pinion__longpoll_message_send(asked->hub, exchange->elsewhere, &message);
    pinion__buf_release(&message);
    if (rc) {
        take_back(asked, exchange);
        give_up(exchange, false);
    }
}

/* ---- to cancel ---- */

/* False: it is on its way home. */
static bool is_asked(struct pinion_longpoll_asked *asked, const struct pinion_longpoll_exchange *exchange)
{
    return exchange->asked_by && find(asked, exchange->number) == exchange;
}

static void send_cancel(struct pinion_longpoll_asked *asked, const struct pinion_longpoll_exchange *exchange,
                        int (*put)(struct pinion_buf *out, uint64_t number, unsigned loop))
{
    struct pinion_buf message;
    pinion__buf_init(&message, PINION_LONGPOLL_MESSAGE_ROOM);
    if (put(&message, exchange->number, exchange->loop) == 0)
        (void)pinion__longpoll_message_send(asked->hub, exchange->elsewhere, &message);
    pinion__buf_release(&message);
}

void pinion__longpoll_asked_recall(struct pinion_longpoll_asked *asked,
                                   struct pinion_longpoll_exchange *exchange)
{
    if (exchange->recalled || !is_asked(asked, exchange))
        return;
    exchange->recalled = true;
    send_cancel(asked, exchange, pinion__longpoll_message_put_recall);
    pinion__scheduler_deadline(exchange->home->scheduler, &exchange->window, PATIENCE_MS);
}

void pinion__longpoll_asked_abandon(struct pinion_longpoll_asked *asked,
                                    struct pinion_longpoll_exchange *exchange)
{
    exchange->owner = NULL;
    if (!is_asked(asked, exchange))
        return;
    take_back(asked, exchange);
    send_cancel(asked, exchange, pinion__longpoll_message_put_cancel);
    pinion__longpoll_exchange_unref(exchange);
}

/* ---- an answer comes ---- */

/* To a publish of nothing, which a session that is there takes. */
static bool took(const struct pinion_longpoll_exchange *exchange)
{
    static const char status[] = "{\"status\":200}";
    return exchange->answer.len == sizeof status - 1 &&
           memcmp(exchange->answer.data, status, sizeof status - 1) == 0;
}

void pinion__longpoll_asked_answered(struct pinion_longpoll_asked *asked,
                                     const struct pinion_longpoll_message *message)
{
    struct pinion_longpoll_exchange *exchange = find(asked, message->number);
    struct pinion_longpoll_answer answer;
    if (!exchange || !pinion__slice_is(message->node, exchange->elsewhere) ||
        !pinion__longpoll_message_read_answer(message->rest, &answer))
        return;
    take_back(asked, exchange);
    exchange->gone = answer.gone;
    exchange->refused = answer.refused;
    if (pinion__buf_append(&exchange->answer, answer.text.ptr, answer.text.len) != 0)
        exchange->gone = true;
    exchange->found = exchange->kind == PINION_LONGPOLL_FIND && !exchange->gone && took(exchange);
    pinion__longpoll_exchange_return(exchange);
}

/* ---- life ---- */

/* The first number is random. So an answer that was for this node before it was started again answers none of
 * its exchanges now. */
static int begin_numbers(struct pinion_longpoll_asked *asked)
{
    for (unsigned i = 0; i < asked->hub->shard_count; i++) {
        uint64_t random;
        if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
            return pinion__fail(PINION_EIO, "the system gives no random bytes");
        asked->loops[i].count = random >> (PINION_LONGPOLL_LOOP_BITS + 8);
    }
    return 0;
}

int pinion__longpoll_asked_init(struct pinion_longpoll_asked *asked, struct pinion_hub *hub)
{
    asked->hub = hub;
    for (unsigned i = 0; i < hub->shard_count; i++)
        pinion__map_init(&asked->loops[i].by_number, exchange_number);
    return begin_numbers(asked);
}

static void free_asked(struct pinion_map_node *node, void *data)
{
    pinion__map_remove(data, node);
    pinion__longpoll_exchange_unref(exchange_of(node));
}

void pinion__longpoll_asked_release(struct pinion_longpoll_asked *asked)
{
    for (unsigned i = 0; i < asked->hub->shard_count; i++) {
        struct pinion_map *map = &asked->loops[i].by_number;
        pinion__map_each(map, free_asked, map);
        pinion__map_release(map);
    }
}
