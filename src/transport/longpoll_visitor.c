#include "transport/longpoll_visitor.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll_local.h"
#include "transport/longpoll_session.h"
#include <stdlib.h>

struct visitor {
    struct pinion_map_node node; /* in the loop's visitors */
    struct pinion_longpoll_visitors *visitors;
    unsigned loop;
    uint64_t number;
    struct pinion_longpoll_exchange *exchange;
    size_t key_len;
    char key[]; /* the number, then the node's name */
};

static struct pinion_slice visitor_key(const struct pinion_map_node *node)
{
    const struct visitor *visitor = PINION_CONTAINER_OF(node, struct visitor, node);
    return pinion__slice(visitor->key, visitor->key_len);
}

static struct visitor *visitor_new(struct pinion_longpoll_visitors *visitors,
                                   const struct pinion_longpoll_message *message)
{
    size_t key_len = sizeof message->number + message->node.len;
    struct visitor *visitor = malloc(sizeof *visitor + key_len + 1);
    if (!visitor)
        return NULL;
    *visitor = (struct visitor){
        .visitors = visitors, .loop = message->loop, .number = message->number, .key_len = key_len
    };
    memcpy(visitor->key, &message->number, sizeof message->number);
    memcpy(visitor->key + sizeof message->number, message->node.ptr, message->node.len);
    visitor->key[key_len] = '\0';
    return visitor;
}

static const char *visitor_node(const struct visitor *visitor)
{
    return visitor->key + sizeof visitor->number;
}

static void forget(struct visitor *visitor)
{
    pinion__map_remove(&visitor->visitors->loops[visitor->loop], &visitor->node);
    free(visitor);
}

/* ---- its answer ---- */

static void send_answer(struct pinion_hub *hub, const char *node, uint64_t number,
                        const struct pinion_longpoll_answer *answer)
{
    struct pinion_buf message;
    pinion__buf_init(&message, answer->text.len + PINION_LONGPOLL_MESSAGE_ROOM);
    if (pinion__longpoll_message_put_answer(&message, number, answer) == 0)
        (void)pinion__longpoll_message_send(hub, node, &message);
    pinion__buf_release(&message);
}

static void answer_gone(struct pinion_hub *hub, const struct pinion_longpoll_message *message)
{
    static const struct pinion_longpoll_answer gone = { .gone = true };
    char node[UINT8_MAX + 1];
    memcpy(node, message->node.ptr, message->node.len);
    node[message->node.len] = '\0';
    send_answer(hub, node, message->number, &gone);
}

static void on_answered(struct pinion_longpoll_exchange *exchange)
{
    struct visitor *visitor = exchange->owner;
    struct pinion_longpoll_answer its = {
        .gone = exchange->gone,
        .refused = exchange->refused,
        .text = pinion__slice(exchange->answer.data, exchange->answer.len),
    };
    send_answer(visitor->visitors->hub, visitor_node(visitor), visitor->number, &its);
    forget(visitor);
}

/* ---- it comes ---- */

/* False: the kind is not known here, or the body is not valid. */
static bool fill(struct pinion_longpoll_exchange *exchange, const struct pinion_longpoll_request *request)
{
    struct pinion_longpoll_batch frames;
    exchange->ndjson = request->ndjson;
    if (request->kind == PINION_LONGPOLL_POLL) {
        exchange->kind = PINION_LONGPOLL_POLL;
        return true;
    }
    exchange->kind = PINION_LONGPOLL_PUBLISH;
    if (request->kind != PINION_LONGPOLL_PUBLISH ||
        pinion__buf_append(&exchange->body, request->body.ptr, request->body.len) != 0)
        return false;
    pinion__longpoll_batch_init(&frames, exchange->body.data, exchange->body.len, exchange->ndjson);
    return pinion__longpoll_batch_check(&frames, exchange->mount->limits.longpoll_max_batch) == 0;
}

static bool admit(struct pinion_longpoll_visitors *visitors, const struct pinion_longpoll_message *message,
                  struct pinion_longpoll_exchange *exchange)
{
    struct visitor *visitor = visitor_new(visitors, message);
    if (!visitor)
        return false;
    if (pinion__map_insert(&visitors->loops[message->loop], &visitor->node,
                           pinion__hash(visitor_key(&visitor->node))) != 0) {
        free(visitor);
        return false;
    }
    visitor->exchange = exchange;
    exchange->owner = visitor;
    exchange->answered = on_answered;
    pinion__longpoll_local_send(exchange);
    return true;
}

/* The session of this id, if it is of the mount at this path. */
static struct pinion_longpoll_session *session_of(const struct pinion_longpoll_sessions *sessions,
                                                  const struct pinion_longpoll_request *request)
{
    struct pinion_longpoll_session *session = pinion__longpoll_session_find(sessions, request->id);
    return session && pinion__slice_is(request->path, session->mount->path) ? session : NULL;
}

/* False: there is no such session here, or the request is malformed. */
static bool serve(struct pinion_longpoll_visitors *visitors, const struct pinion_longpoll_message *message)
{
    struct pinion_longpoll_request request;
    if (!pinion__longpoll_message_read_request(message->rest, &request))
        return false;
    struct pinion_longpoll_session *session = session_of(&visitors->longpoll->loops[message->loop], &request);
    struct pinion_longpoll_exchange *exchange =
        session ? pinion__longpoll_exchange_new(visitors->longpoll, session->shard, session->mount) : NULL;
    if (!exchange)
        return false;
    memcpy(exchange->id, request.id, sizeof exchange->id);
    exchange->loop = message->loop;
    if (fill(exchange, &request) && admit(visitors, message, exchange))
        return true;
    pinion__longpoll_exchange_unref(exchange);
    return false;
}

void pinion__longpoll_visitor_serve(struct pinion_longpoll_visitors *visitors,
                                    const struct pinion_longpoll_message *message)
{
    if (!serve(visitors, message))
        answer_gone(visitors->hub, message);
}

static void cancel(struct visitor *visitor, bool recall)
{
    if (recall && visitor->exchange->kind == PINION_LONGPOLL_POLL) {
        pinion__longpoll_local_recall(visitor->exchange);
        return;
    }
    pinion__longpoll_local_abandon(visitor->exchange);
    forget(visitor);
}

void pinion__longpoll_visitor_cancel(struct pinion_longpoll_visitors *visitors,
                                     const struct pinion_longpoll_message *message)
{
    struct visitor *wanted = visitor_new(visitors, message);
    if (!wanted)
        return;
    struct pinion_slice key = visitor_key(&wanted->node);
    struct pinion_map_node *node = pinion__map_find(&visitors->loops[message->loop], key, pinion__hash(key));
    if (node)
        cancel(PINION_CONTAINER_OF(node, struct visitor, node), pinion__longpoll_message_is_recall(message));
    free(wanted);
}

/* ---- life ---- */

void pinion__longpoll_visitors_init(struct pinion_longpoll_visitors *visitors,
                                    struct pinion_longpoll *longpoll, struct pinion_hub *hub)
{
    visitors->longpoll = longpoll;
    visitors->hub = hub;
    for (unsigned i = 0; i < hub->shard_count; i++)
        pinion__map_init(&visitors->loops[i], visitor_key);
}

static void free_visitor(struct pinion_map_node *node, void *data)
{
    forget(PINION_CONTAINER_OF(node, struct visitor, node));
}

void pinion__longpoll_visitors_release(struct pinion_longpoll_visitors *visitors)
{
    for (unsigned i = 0; i < visitors->hub->shard_count; i++) {
        pinion__map_each(&visitors->loops[i], free_visitor, NULL);
        pinion__map_release(&visitors->loops[i]);
    }
}
