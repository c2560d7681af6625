/* An answer that comes later, from another thread. A client asks how many primes there are below a number.
 * Counting takes long, so a thread of our own does it, one question after the other. Through a ref the thread
 * reaches the client: it says how far it is, and then answers. The channel goes on meanwhile. Its client is
 * 04_later.mjs.
 *
 * If a channel has nothing else to do until the answer is there, pinion_channel_work is less to write:
 * 05_history.c. */
#include "program.h"
#include <pthread.h>

#define QUEUE_MAX  100      /* how many questions may wait; one more is refused */
#define NUMBER_MAX 10000000 /* larger numbers would take too long */

/* A question, and who wants to know. */
struct question {
    pinion_ref *ref;
    json_int_t below;
};

/* The loops put questions in, and the thread that counts takes them out. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct question waiting[QUEUE_MAX];
    size_t first, count;
    bool closed;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static bool ask(struct question question)
{
    pthread_mutex_lock(&queue.lock);
    bool room = queue.count < QUEUE_MAX;
    if (room)
        queue.waiting[(queue.first + queue.count++) % QUEUE_MAX] = question;
    pthread_cond_signal(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
    return room;
}

/* Waits for the next question. False: the queue is closed. */
static bool next_question(struct question *question)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0 && !queue.closed)
        pthread_cond_wait(&queue.changed, &queue.lock);
    bool open = !queue.closed;
    if (open) {
        *question = queue.waiting[queue.first];
        queue.first = (queue.first + 1) % QUEUE_MAX;
        queue.count--;
    }
    pthread_mutex_unlock(&queue.lock);
    return open;
}

static void close_queue(void)
{
    pthread_mutex_lock(&queue.lock);
    for (size_t i = 0; i < queue.count; i++)
        pinion_ref_free(queue.waiting[(queue.first + i) % QUEUE_MAX].ref);
    queue.closed = true;
    pthread_cond_signal(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

static bool is_prime(json_int_t number)
{
    for (json_int_t factor = 2; factor * factor <= number; factor++)
        if (number % factor == 0)
            return false;
    return number > 1;
}

/* Runs on the thread that counts. If the client has gone, what is sent to it is dropped. If the endpoint has
 * stopped, we stop early. */
static void answer(const pinion_ref *ref, json_int_t below)
{
    json_int_t primes = 0, tenth = below / 10 + 1;
    for (json_int_t number = 0; number < below; number++) {
        primes += is_prime(number);
        if ((number + 1) % tenth != 0)
            continue;
        pinion_payload *progress = pinion_json("{s:I, s:I}", "done", number + 1, "of", below);
        if (pinion_ref_send(ref, "progress", progress) == PINION_ECLOSED)
            return;
    }
    pinion_ref_reply(ref, "ok", pinion_json("{s:I, s:I}", "below", below, "primes", primes));
}

static void *count_primes(void *data)
{
    struct question question;
    while (next_question(&question)) {
        answer(question.ref, question.below);
        pinion_ref_free(question.ref);
    }
    return NULL;
}

static pinion_result refuse(const char *reason)
{
    return pinion_error(pinion_json("{s:s}", "reason", reason));
}

/* pinion_later() promises an answer. A ref that is made here remembers the message. */
static pinion_result primes(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_t *below = pinion_payload_get(payload, "below");
    if (!json_is_integer(below) || json_integer_value(below) < 0 || json_integer_value(below) > NUMBER_MAX)
        return refuse("a number from 0 to 10000000, please");
    struct question question = { pinion_ref_new(channel), json_integer_value(below) };
    if (!question.ref)
        return pinion_crash();
    if (!ask(question)) {
        pinion_ref_free(question.ref);
        return refuse("too many questions, try again");
    }
    return pinion_later();
}

static pinion_result ping(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

/* Runs on the channel's loop: what pinion_ref_send sends arrives here. The answer does not come this way, and
 * may overtake what was sent just before it. */
static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    pinion_push(channel, info->name, pinion_payload_ref(info->payload));
    return pinion_noreply();
}

static const pinion_channel_def numbers_channel = {
    .handle_in = PINION_CLAUSES({ "primes", primes }, { "ping", ping }),
    .handle_info = handle_info,
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "numbers", &numbers_channel }),
};

static int run(pinion_endpoint *endpoint)
{
    pthread_t thread;
    int rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket, NULL);
    if (rc)
        return rc;
    if (pthread_create(&thread, NULL, count_primes, NULL) != 0)
        return PINION_EIO;
    rc = pinion_endpoint_run(endpoint);
    close_queue();
    pthread_join(thread, NULL);
    return rc;
}

int main(int argc, char **argv)
{
    pinion_endpoint *endpoint = NULL;
    pinion_endpoint_options options = { .port = 4000 };
    int stop = program_options(argc, argv, NULL, &options);
    if (stop)
        return stop - 1;
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
