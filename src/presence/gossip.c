#include "presence/gossip.h"
#include "base/log.h"
#include "presence/delta.h"
#include "presence/merge.h"
#include "presence/packet.h"
#include "presence/presence_int.h"
#include "presence/replica.h"
#include "proto/varint.h"
#include <stdlib.h>

#define PACKET_MAX (PINION_PRESENCE_MESSAGE_MAX + 1024)
#define SILENT_MAX 10 /* ticks; a node that has missed the last news finds out by then */

/* ---- sending ---- */

static struct pinion_pubsub *pubsub_of(const struct pinion_gossip *gossip)
{
    return &gossip->shard->presence->hub->pubsub;
}

/* Send to one node, or to all if `node` is empty. A message that does not arrive is requested again. */
static int send_packet(struct pinion_gossip *gossip, enum pinion_presence_packet_kind kind,
                       struct pinion_slice node, struct pinion_slice body)
{
    const struct pinion_presence *presence = gossip->shard->presence;
    const struct pinion_presence_packet packet = {
        .kind = kind,
        .name = pinion__slice_str(presence->options.name),
        .shard = (uint8_t)(gossip->shard - presence->shards),
        .shards = (uint8_t)presence->options.shards,
        .body = body,
    };
    char to[PINION_NODE_MAX + 1];
    memcpy(to, node.ptr, node.len);
    to[node.len] = '\0';
    gossip->packet.len = 0;
    int rc = pinion__presence_packet_write(&packet, &gossip->packet);
    if (!rc)
        (void)pinion__pubsub_send(pubsub_of(gossip), PINION_ENVELOPE_PRESENCE, node.len ? to : NULL,
                                  pinion__slice(gossip->packet.data, gossip->packet.len));
    return rc;
}

/* Where the messages of the set go. */
struct receiver {
    struct pinion_gossip *gossip;
    struct pinion_slice node;
};

static int emit(void *data, struct pinion_slice message)
{
    const struct receiver *to = data;
    return send_packet(to->gossip, PINION_PRESENCE_MESSAGE, to->node, message);
}

static void log_failure(const char *what, int rc)
{
    if (rc)
        pinion__log(PINION_LOG_ERROR, "presence: %s: %s", what, pinion_strerror(rc));
}

static void send_heartbeat(struct pinion_gossip *gossip)
{
    struct receiver all = { gossip, { "", 0 } };
    const struct pinion_presence_output out = { .emit = emit, .data = &all };
    gossip->silent = 0;
    log_failure("no heartbeat", pinion__presence_heartbeat(gossip->shard->state, &out));
}

static void send_answer(struct pinion_gossip *gossip, const struct pinion_presence_message *request)
{
    struct receiver asker = { gossip, request->node };
    const struct pinion_presence_output out = { .emit = emit, .data = &asker };
    log_failure("no answer", pinion__presence_answer(gossip->shard->state, request, &out));
}

static void send_request(struct pinion_gossip *gossip, struct pinion_presence_replica *replica)
{
    struct pinion_buf request;
    pinion__buf_init(&request, 2 * PINION_PRESENCE_NAME_MAX + 64);
    replica->lacking = 0;
    int rc = pinion__presence_request(replica, &request);
    if (!rc)
        rc = send_packet(gossip, PINION_PRESENCE_MESSAGE, pinion__presence_replica_name(replica),
                         pinion__slice(request.data, request.len));
    log_failure("no request", rc);
    pinion__buf_release(&request);
}

/* ---- ticking ---- */

/* What is missing at two ticks in a row is not only under way. */
static void ask_if_lacking(struct pinion_gossip *gossip, struct pinion_presence_replica *replica)
{
    if (!replica->up || !pinion__presence_replica_lacks(replica))
        replica->lacking = 0;
    else if (replica->lacking++)
        send_request(gossip, replica);
}

static void log_change(const struct pinion_presence_replica *replica, const char *what)
{
    struct pinion_slice name = pinion__presence_replica_name(replica);
    if (replica->count > 0)
        pinion__log(PINION_LOG_INFO, "presence: node %.*s %s, with %zu presences of a shard", (int)name.len,
                    name.ptr, what, replica->count);
}

/* At a bridge it is known for certain. No node comes back under its name. */
static bool has_ended(const struct pinion_presence *presence, const struct pinion_presence_replica *replica)
{
    struct pinion_slice name = pinion__presence_replica_name(replica);
    char text[PINION_NODE_MAX + 1];
    if (!pinion__pubsub_is_bridge(&presence->hub->pubsub))
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return pinion__pubsub_has_gone(&presence->hub->pubsub, text);
}

static void check_life(const struct pinion_presence *presence, struct pinion_presence_replica *replica,
                       uint64_t silence)
{
    if (has_ended(presence, replica)) {
        log_change(replica, "has ended");
        pinion__presence_replica_remove(replica);
    } else if (replica->up && silence >= presence->options.down_ms) {
        log_change(replica, "is down");
        pinion__presence_replica_down(replica);
    } else if (!replica->up &&
               silence >= (replica->left ? presence->options.down_ms : presence->options.remove_ms)) {
        pinion__presence_replica_remove(replica);
    }
}

static void check_replicas(struct pinion_gossip *gossip)
{
    const struct pinion_presence_state *state = gossip->shard->state;
    struct pinion_presence_replica *next, *replica = pinion__presence_replica_next(state, NULL);
    for (; replica; replica = next) {
        next = pinion__presence_replica_next(state, replica);
        ask_if_lacking(gossip, replica);
        check_life(gossip->shard->presence, replica,
                   pinion__scheduler_since(gossip->shard->loop->scheduler, replica->stamp));
    }
}

static void set_tick(struct pinion_gossip *gossip)
{
    const struct pinion_presence_shard *shard = gossip->shard;
    pinion__scheduler_deadline(shard->loop->scheduler, &gossip->tick, shard->presence->options.heartbeat_ms);
}

static void on_tick(struct pinion_timer *timer)
{
    struct pinion_gossip *gossip = PINION_CONTAINER_OF(timer, struct pinion_gossip, tick);
    struct pinion_presence_shard *shard = gossip->shard;
    bool alone = pinion__pubsub_is_alone(pubsub_of(gossip));
    if (!alone)
        set_tick(gossip);
    pinion__presence_shard_lock(shard);
    if (alone)
        gossip->silent = 0;
    else if (pinion__presence_has_news(shard->state) || ++gossip->silent >= gossip->silent_max)
        send_heartbeat(gossip);
    check_replicas(gossip);
    pinion__presence_shard_unlock(shard);
}

static void run_start(struct pinion_task *task)
{
    struct pinion_gossip *gossip = PINION_CONTAINER_OF(task, struct pinion_gossip, start);
    atomic_store(&gossip->starting, false);
    if (pinion__pubsub_is_alone(pubsub_of(gossip)))
        return;
    set_tick(gossip);
    pinion__presence_shard_lock(gossip->shard);
    send_heartbeat(gossip);
    pinion__presence_shard_unlock(gossip->shard);
}

/* ---- receiving; the caller holds the lock ---- */

/* The node is alive, in this incarnation. NULL: the message is late, and must not be merged. */
static struct pinion_presence_replica *hear_of(struct pinion_gossip *gossip,
                                               const struct pinion_presence_message *message, bool *is_new)
{
    struct pinion_presence_shard *shard = gossip->shard;
    struct pinion_presence_replica *replica = pinion__presence_replica_find(shard->state, message->node);
    *is_new = !replica || replica->incarnation != message->incarnation;
    if (!*is_new && replica->left)
        return NULL;
    int rc = pinion__presence_replica_up(shard->state, message->node, message->incarnation, &replica);
    if (rc) {
        log_failure("a node's message is not taken", rc == PINION_ECLOSED ? 0 : rc);
        return NULL;
    }
    replica->stamp = pinion__scheduler_now(shard->loop->scheduler);
    return replica;
}

static void take_in(struct pinion_gossip *gossip, const struct pinion_presence_message *message)
{
    bool is_new;
    struct pinion_presence_replica *replica = hear_of(gossip, message, &is_new);
    if (!replica)
        return;
    log_failure("a node's message is not merged", pinion__presence_merge(gossip->shard->state, message));
    if (is_new)
        gossip->silent = gossip->silent_max;
    if (is_new && pinion__presence_replica_lacks(replica))
        send_request(gossip, replica);
}

static void on_message(struct pinion_gossip *gossip, struct pinion_slice node, struct pinion_slice body)
{
    struct pinion_presence_message message;
    int rc = pinion__presence_message_read(body, &message);
    if (!rc && !pinion__slice_eq(message.node, node))
        rc = pinion__fail(PINION_EPROTO, "it is about another node than its sender");
    if (rc)
        pinion__log(PINION_LOG_WARNING, "presence: a message from node %.*s is dropped: %s", (int)node.len,
                    node.ptr, pinion_error_detail());
    else if (message.kind == PINION_PRESENCE_REQUEST)
        send_answer(gossip, &message);
    else
        take_in(gossip, &message);
}

static void on_goodbye(struct pinion_gossip *gossip, struct pinion_slice node, struct pinion_slice body)
{
    const struct pinion_presence_shard *shard = gossip->shard;
    struct pinion_presence_replica *replica = pinion__presence_replica_find(shard->state, node);
    uint64_t incarnation;
    if (pinion__varint_read(&body, &incarnation) != 0 || !replica || replica->incarnation != incarnation)
        return;
    pinion__presence_replica_down(replica);
    replica->left = true;
    replica->stamp = pinion__scheduler_now(shard->loop->scheduler);
}

/* ---- from the adapter's thread to the loop ---- */

struct arrival {
    struct pinion_task task;
    struct pinion_gossip *gossip;
    size_t node_len;
    size_t packet_len;
    char bytes[]; /* the node's name, then the packet */
};

static void run_arrival(struct pinion_task *task)
{
    struct arrival *arrival = PINION_CONTAINER_OF(task, struct arrival, task);
    struct pinion_gossip *gossip = arrival->gossip;
    struct pinion_slice node = pinion__slice(arrival->bytes, arrival->node_len);
    struct pinion_presence_packet packet;
    if (pinion__presence_packet_read(pinion__slice(arrival->bytes + node.len, arrival->packet_len),
                                     &packet) == 0) {
        pinion__presence_shard_lock(gossip->shard);
        if (packet.kind == PINION_PRESENCE_GOODBYE)
            on_goodbye(gossip, node, packet.body);
        else
            on_message(gossip, node, packet.body);
        pinion__presence_shard_unlock(gossip->shard);
    }
    free(arrival);
}

void pinion__gossip_receive(struct pinion_gossip *gossip, struct pinion_slice node,
                            struct pinion_slice packet)
{
    size_t size = sizeof(struct arrival) + node.len + packet.len;
    struct arrival *arrival = malloc(size);
    if (arrival) {
        *arrival = (struct arrival){
            .task.run = run_arrival, .gossip = gossip, .node_len = node.len, .packet_len = packet.len
        };
        memcpy(arrival->bytes, node.ptr, node.len);
        memcpy(arrival->bytes + node.len, packet.ptr, packet.len);
    }
    if (!arrival || pinion__scheduler_post(gossip->shard->loop->scheduler, &arrival->task, size) != 0) {
        atomic_fetch_add_explicit(&pubsub_of(gossip)->dropped, 1, memory_order_relaxed);
        free(arrival);
    }
}

/* ---- life ---- */

void pinion__gossip_init(struct pinion_gossip *gossip, struct pinion_presence_shard *shard)
{
    const pinion_presence_options *options = &shard->presence->options;
    gossip->shard = shard;
    gossip->start.run = run_start;
    atomic_init(&gossip->starting, false);
    gossip->silent_max = options->down_ms / options->heartbeat_ms / 4;
    if (gossip->silent_max > SILENT_MAX)
        gossip->silent_max = SILENT_MAX;
    pinion__timer_init(&gossip->tick, on_tick);
    pinion__buf_init(&gossip->packet, PACKET_MAX);
}

int pinion__gossip_begin(struct pinion_gossip *gossip)
{
    if (pinion__pubsub_is_alone(pubsub_of(gossip)) || atomic_exchange(&gossip->starting, true))
        return 0;
    int rc = pinion__scheduler_post(gossip->shard->loop->scheduler, &gossip->start, 0);
    if (rc)
        atomic_store(&gossip->starting, false);
    return rc;
}

void pinion__gossip_say_goodbye(struct pinion_gossip *gossip)
{
    char body[PINION_VARINT_MAX];
    if (pinion__pubsub_is_alone(pubsub_of(gossip)))
        return;
    size_t len = pinion__varint_write(body, gossip->shard->state->own->incarnation);
    log_failure("no goodbye",
                send_packet(gossip, PINION_PRESENCE_GOODBYE, pinion__slice("", 0), pinion__slice(body, len)));
}

void pinion__gossip_release(struct pinion_gossip *gossip)
{
    if (!gossip->shard)
        return;
    pinion__timer_cancel(&gossip->tick);
    pinion__buf_release(&gossip->packet);
}
