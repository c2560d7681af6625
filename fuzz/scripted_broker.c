#include "scripted_broker.h"
#include "elsewhere.h"
#include "fuzz.h"

struct request {
    struct request *next;
    uint64_t ticket;
    char topic[];
};

static struct {
    pinion_pubsub_adapter base;
    const pinion_pubsub_events *events;
    void *core;
    struct request *requests;
    bool connected;
} broker;

static const char *node_id(const pinion_pubsub_adapter *adapter)
{
    return "here";
}

static int start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size)
{
    broker.events = events;
    broker.core = core;
    broker.connected = true;
    return 0;
}

static int take_broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    return 0;
}

static int take_message(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    return 0;
}

static int subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    struct request **end = &broker.requests;
    size_t size = strlen(topic) + 1;
    if (!broker.connected)
        return PINION_ENOTCONN;
    while (*end)
        end = &(*end)->next;
    *end = allocate(sizeof **end + size);
    **end = (struct request){ .ticket = ticket };
    memcpy((*end)->topic, topic, size);
    return 0;
}

static void unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
}

/* What has not been answered never will be. */
static void stop(pinion_pubsub_adapter *adapter)
{
    while (broker.requests) {
        struct request *request = broker.requests;
        broker.requests = request->next;
        free(request);
    }
}

static void forget(pinion_pubsub_adapter *adapter)
{
}

static const pinion_pubsub_ops ops = {
    .size = sizeof ops,
    .name = "scripted",
    .node_id = node_id,
    .start = start,
    .broadcast = take_broadcast,
    .send = take_message,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .stop = stop,
    .free = forget,
};

pinion_pubsub_adapter *scripted_broker(void)
{
    broker.base.ops = &ops;
    return &broker.base;
}

struct word {
    const pinion_pubsub_events *events;
    void *core;
    struct request *request;
    bool yes; /* allowed, or connected */
};

static void answer(void *data)
{
    const struct word *word = data;
    struct request *request = word->request;
    (word->yes ? word->events->subscribed : word->events->refused)(word->core, request->topic,
                                                                   request->ticket);
    free(request);
}

bool scripted_broker_answer(bool allowed)
{
    struct word word = { broker.events, broker.core, broker.requests, allowed };
    if (!word.request)
        return false;
    broker.requests = word.request->next;
    elsewhere(answer, &word, sizeof word);
    return true;
}

static void tell(void *data)
{
    const struct word *word = data;
    word->events->connection(word->core, word->yes, "the script");
}

void scripted_broker_connect(bool connected)
{
    struct word word = { broker.events, broker.core, NULL, connected };
    if (!broker.events || broker.connected == connected)
        return;
    broker.connected = connected;
    elsewhere(tell, &word, sizeof word);
}
