/* Functions that the application runs on a loop (pinion_endpoint_post). */
#include "base/misuse.h"
#include "engine/hub.h"
#include <stdlib.h>

struct post {
    struct pinion_task task;
    void (*fn)(void *data);
    void *data;
};

static void run(struct pinion_task *task)
{
    struct post *post = PINION_CONTAINER_OF(task, struct post, task);
    post->fn(post->data);
    free(post);
}

static int post_to(pinion_endpoint *endpoint, unsigned loop, void (*fn)(void *data), void *data)
{
    if (loop >= pinion_endpoint_loops(endpoint))
        return pinion__fail(PINION_EINVAL, "there is no loop %u: the endpoint has %u, counted from 0", loop,
                            pinion_endpoint_loops(endpoint));
    struct post *post = malloc(sizeof *post);
    if (!post)
        return PINION_ENOMEM;
    *post = (struct post){ .task.run = run, .fn = fn, .data = data };
    int rc = pinion__scheduler_post(pinion__hub_of(endpoint)->shards[loop]->scheduler, &post->task, 0);
    if (rc)
        free(post);
    if (rc == PINION_ECLOSED)
        return pinion__fail(rc, "pinion_endpoint_post: loop %u has ended", loop);
    return rc;
}

int pinion_endpoint_post(pinion_endpoint *endpoint, unsigned loop, void (*fn)(void *data), void *data)
{
    PINION_NEEDED(endpoint);
    PINION_NEEDED(fn);
    PINION_RETURN(post_to(endpoint, loop, fn, data));
}

unsigned pinion_endpoint_loops(const pinion_endpoint *endpoint)
{
    PINION_NEED(endpoint, return 0);
    return pinion__hub_of(endpoint)->shard_count;
}
