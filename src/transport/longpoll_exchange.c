#include "transport/longpoll_exchange.h"
#include "proto/longpoll_codec.h"
#include <stdlib.h>

struct pinion_longpoll_exchange *pinion__longpoll_exchange_new(struct pinion_longpoll *longpoll,
                                                               struct pinion_shard *home,
                                                               const struct pinion_mount *mount)
{
    struct pinion_longpoll_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    atomic_init(&exchange->refs, 1);
    exchange->longpoll = longpoll;
    exchange->home = exchange->there = home;
    exchange->mount = mount;
    pinion__list_init(&exchange->node);
    pinion__timer_init(&exchange->window, NULL);
    pinion__buf_init(&exchange->answer, SIZE_MAX);
    pinion__buf_init(&exchange->body, mount->limits.longpoll_max_body);
    return exchange;
}

struct pinion_longpoll_exchange *pinion__longpoll_exchange_ref(struct pinion_longpoll_exchange *exchange)
{
    atomic_fetch_add_explicit(&exchange->refs, 1, memory_order_relaxed);
    return exchange;
}

void pinion__longpoll_exchange_unref(struct pinion_longpoll_exchange *exchange)
{
    if (atomic_fetch_sub_explicit(&exchange->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__list_gone(&exchange->node);
    pinion__list_gone(&exchange->window.node);
    pinion__task_gone(&exchange->task);
    pinion__task_gone(&exchange->cancel);
    pinion__buf_release(&exchange->body);
    pinion__buf_release(&exchange->answer);
    free(exchange->elsewhere);
    free(exchange);
}

unsigned pinion__longpoll_exchange_home(const struct pinion_longpoll_exchange *exchange)
{
    unsigned index = 0;
    while (exchange->home->hub->shards[index] != exchange->home)
        index++;
    return index;
}

/* ---- the way home ---- */

int pinion__longpoll_post(struct pinion_shard *from, struct pinion_shard *to, struct pinion_task *task,
                          size_t bytes)
{
    if (from != to)
        return pinion__scheduler_post(to->scheduler, task, bytes);
    pinion__scheduler_defer(to->scheduler, task);
    return 0;
}

static void run_answered(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, task);
    if (exchange->owner)
        exchange->answered(exchange);
    pinion__longpoll_exchange_unref(exchange);
}

void pinion__longpoll_exchange_return(struct pinion_longpoll_exchange *exchange)
{
    exchange->task.run = run_answered;
    if (pinion__longpoll_post(exchange->there, exchange->home, &exchange->task, 0) != 0)
        pinion__longpoll_exchange_unref(exchange); /* its loop has ended, and its owner with it */
}

/* ---- from a session ---- */

void pinion__longpoll_exchange_answer(struct pinion_longpoll_exchange *exchange, int failed)
{
    pinion__timer_cancel(&exchange->window);
    pinion__list_remove(&exchange->node);
    exchange->waits_for = NULL;
    if (failed) {
        pinion__buf_release(&exchange->answer);
        (void)pinion__longpoll_put_status(&exchange->answer, 500);
    }
    pinion__longpoll_exchange_return(exchange);
}

void pinion__longpoll_exchange_answer_status(struct pinion_longpoll_exchange *exchange, int status)
{
    pinion__longpoll_exchange_answer(exchange, pinion__longpoll_put_status(&exchange->answer, status));
}

void pinion__longpoll_exchange_answer_gone(struct pinion_longpoll_exchange *exchange)
{
    exchange->gone = true;
    pinion__longpoll_exchange_answer(exchange, 0);
}
