#include "transport/longpoll_remote.h"
#include <stdlib.h>

/* ---- a message comes, on the adapter's thread ---- */

/* On its way to the loop it is for. */
struct arrival {
    struct pinion_task task;
    struct pinion_longpoll_remote *remote;
    struct pinion_longpoll_message message;
    char bytes[];
};

static void run_arrival(struct pinion_task *task)
{
    struct arrival *arrival = PINION_CONTAINER_OF(task, struct arrival, task);
    struct pinion_longpoll_remote *remote = arrival->remote;
    if (arrival->message.type == PINION_LONGPOLL_ANSWER)
        pinion__longpoll_asked_answered(&remote->asked, &arrival->message);
    else if (arrival->message.type == PINION_LONGPOLL_REQUEST)
        pinion__longpoll_visitor_serve(&remote->visitors, &arrival->message);
    else
        pinion__longpoll_visitor_cancel(&remote->visitors, &arrival->message);
    free(arrival);
}

static void post(struct pinion_longpoll_remote *remote, const struct pinion_longpoll_message *message)
{
    struct pinion_slice node = message->node, rest = message->rest;
    struct arrival *arrival = malloc(sizeof *arrival + node.len + rest.len);
    if (!arrival)
        return;
    *arrival = (struct arrival){ .task.run = run_arrival, .remote = remote, .message = *message };
    memcpy(arrival->bytes, node.ptr, node.len);
    if (rest.len)
        memcpy(arrival->bytes + node.len, rest.ptr, rest.len);
    arrival->message.node = pinion__slice(arrival->bytes, node.len);
    arrival->message.rest = pinion__slice(arrival->bytes + node.len, rest.len);
    struct pinion_shard *shard = remote->hub->shards[message->loop];
    if (pinion__scheduler_post(shard->scheduler, &arrival->task, rest.len + 1) != 0)
        free(arrival); /* as if it had been lost on its way */
}

static void on_message(void *context, struct pinion_slice node, struct pinion_slice bytes)
{
    struct pinion_longpoll_remote *remote = context;
    struct pinion_longpoll_message message = { .node = node };
    if (pinion__longpoll_message_read(bytes, &message) && message.loop < remote->hub->shard_count)
        post(remote, &message);
}

/* ---- a node has gone ---- */

struct departure {
    struct pinion_task task;
    struct pinion_longpoll_remote *remote;
    unsigned loop;
    char node[];
};

static void run_departure(struct pinion_task *task)
{
    struct departure *departure = PINION_CONTAINER_OF(task, struct departure, task);
    pinion__longpoll_asked_departed(&departure->remote->asked, departure->loop, departure->node);
    free(departure);
}

/* Where there is no memory, or the mailbox is full, the exchanges wait for as long as they may. */
static void on_node(void *context, const char *node, bool up)
{
    struct pinion_longpoll_remote *remote = context;
    size_t size = strlen(node) + 1;
    for (unsigned i = 0; !up && i < remote->hub->shard_count; i++) {
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

int pinion__longpoll_remote_new(struct pinion_longpoll_remote **out, struct pinion_longpoll *longpoll,
                                struct pinion_hub *hub)
{
    struct pinion_longpoll_remote *remote = calloc(1, sizeof *remote);
    if (!remote)
        return PINION_ENOMEM;
    remote->hub = hub;
    pinion__longpoll_visitors_init(&remote->visitors, longpoll, hub);
    int rc = pinion__longpoll_asked_init(&remote->asked, hub);
    if (rc) {
        pinion__longpoll_remote_free(remote);
        return rc;
    }
    pinion__pubsub_receive(&hub->pubsub, PINION_ENVELOPE_LONGPOLL, on_message, remote);
    pinion__pubsub_watch(&hub->pubsub, PINION_ENVELOPE_LONGPOLL, on_node, remote);
    *out = remote;
    return 0;
}

void pinion__longpoll_remote_free(struct pinion_longpoll_remote *remote)
{
    if (!remote)
        return;
    pinion__longpoll_asked_release(&remote->asked);
    pinion__longpoll_visitors_release(&remote->visitors);
    free(remote);
}
