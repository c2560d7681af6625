#include "endpoint/check.h"
#include "actor/check.h"
#include "engine/check.h"
#include "http/check.h"
#include "io/check.h"
#include "transport/check.h"

#define TURNS_BETWEEN 64 /* turns between two checks, at least */

const char *pinion__endpoint_loop_check(struct pinion_endpoint_loop *loop)
{
    const struct pinion_loop *io = atomic_load(&loop->io);
    struct pinion_longpoll *longpoll = loop->endpoint->longpoll;
    const char *wrong = pinion__shard_check(loop->shard);
    if (!wrong)
        wrong = pinion__actors_check(loop->shard);
    if (!wrong && io)
        wrong = pinion__loop_check(io);
    if (!wrong)
        wrong = pinion__http_server_check(&loop->http);
    if (!wrong)
        wrong = pinion__list_check(&loop->streams, NULL);
    if (!wrong && longpoll)
        wrong = pinion__longpoll_check(longpoll, (unsigned)(loop - loop->endpoint->loops));
    return wrong;
}

/* A check costs more where there is more to look at. So the time until the next one grows as well. */
static size_t turns_between(const struct pinion_endpoint_loop *loop)
{
    const struct pinion_counters *counters = &loop->shard->counters;
    return TURNS_BETWEEN + (atomic_load(&counters->connections) + atomic_load(&counters->channels) +
                            atomic_load(&loop->shard->pubsub.topics)) /
                               4;
}

void pinion__endpoint_loop_watch(struct pinion_endpoint_loop *loop)
{
    if (++loop->unchecked < turns_between(loop))
        return;
    loop->unchecked = 0;
    PINION_CHECK(pinion__endpoint_loop_check(loop));
}
