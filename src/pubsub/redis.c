/* The link to Redis, by hiredis. It has two connections, because one that has subscribed can do nothing else.
 * The adapter's thread serves both, with poll(2). */
#include "pubsub/redis.h"
#include "base/clock.h"
#include "base/log.h"
#include "pubsub/redis_int.h"
#include "pubsub/redis_problem.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 6379
#define PING_MS      2000          /* how often each connection is tested */
#define SILENCE_MS   (3 * PING_MS) /* after this time without an answer it is given up */

static struct redis_link *link_of(struct pinion_broker *broker)
{
    return PINION_CONTAINER_OF(broker, struct redis_link, broker);
}

/* ---- the connections ---- */

static int open_connections(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    int rc = pinion__redis_connect(link, &link->out);
    if (!rc)
        rc = pinion__redis_connect(link, &link->in);
    link->pinged = pinion__clock_ms();
    return rc;
}

/* Messages that were published without an answer may have reached the others, or not. */
static size_t close_lane(struct lane *lane)
{
    size_t published = 0;
    if (lane->context)
        redisFree(lane->context);
    lane->context = NULL;
    PINION_LIST_FOREACH_SAFE (node, &lane->commands) {
        struct command *command = PINION_CONTAINER_OF(node, struct command, node);
        published += command->verb == PUBLISH;
        pinion__list_remove(node);
        free(command);
    }
    return published;
}

static void close_connections(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    (void)close_lane(&link->in);
    size_t unanswered = close_lane(&link->out);
    if (unanswered)
        pinion__broker_lost(broker, unanswered);
}

/* ---- out ---- */

static int append(struct redis_link *link, struct lane *lane, const struct command *what, int count,
                  const char **words, const size_t *lengths)
{
    const char *subject = count > 1 ? words[1] : "";
    struct command *command = malloc(sizeof *command + strlen(subject) + 1);
    if (!command || redisAppendCommandArgv(lane->context, count, words, lengths) != REDIS_OK) {
        free(command);
        return pinion__redis_fail(link, lane);
    }
    *command = *what;
    memcpy(command->subject, subject, strlen(subject) + 1);
    pinion__list_init(&command->node);
    pinion__list_append(&lane->commands, &command->node);
    return 0;
}

static int append_publish(struct pinion_broker *broker, const struct command *what, const char *subject,
                          const void *bytes, size_t length)
{
    struct redis_link *link = link_of(broker);
    const char *words[] = { "PUBLISH", subject, bytes };
    const size_t lengths[] = { 7, strlen(subject), length };
    return append(link, &link->out, what, 3, words, lengths);
}

static int publish(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                   const void *bytes, size_t length)
{
    return append_publish(broker, &(struct command){ .verb = PUBLISH, .kind = kind }, subject, bytes, length);
}

static size_t largest(struct pinion_broker *broker)
{
    return 0; /* 512 MB; no node has a message of that size */
}

static int subscribe(struct pinion_broker *broker, const char *subject)
{
    struct redis_link *link = link_of(broker);
    return append(link, &link->in, &(struct command){ .verb = SUBSCRIBE }, 2,
                  (const char *[]){ "SUBSCRIBE", subject }, NULL);
}

static int unsubscribe(struct pinion_broker *broker, const char *subject)
{
    struct redis_link *link = link_of(broker);
    return append(link, &link->in, &(struct command){ .verb = UNSUBSCRIBE }, 2,
                  (const char *[]){ "UNSUBSCRIBE", subject }, NULL);
}

static int write_all(struct redis_link *link, struct lane *lane)
{
    int done = 0;
    while (!done) {
        if (redisBufferWrite(lane->context, &done) != REDIS_OK)
            return pinion__redis_fail(link, lane);
    }
    return 0;
}

static int flush(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    int rc = write_all(link, &link->in);
    return rc ? rc : write_all(link, &link->out);
}

/* ---- in ---- */

static bool is_word(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, word) == 0;
}

/* The command that this answers; the caller frees it. NULL: no command waits for an answer. */
static struct command *answered(struct lane *lane)
{
    if (pinion__list_empty(&lane->commands))
        return NULL;
    struct command *command = PINION_CONTAINER_OF(lane->commands.next, struct command, node);
    pinion__list_remove(&command->node);
    return command;
}

/* A failure that may pass is tried again on a new connection. So is a failure to unsubscribe, which would be
 * forgotten otherwise. */
static int subscription_failed(struct redis_link *link, const struct command *command, const char *answer)
{
    bool begins = command->verb == SUBSCRIBE;
    if (!begins || !pinion__redis_is_refusal(answer))
        return pinion__redis_fail_with(link, begins ? "SUBSCRIBE" : "UNSUBSCRIBE", answer);
    pinion__broker_refused(&link->broker, PINION_BROKER_SUBSCRIBE, command->subject);
    return 0;
}

/* Messages, confirmations, and answers to PING; an error is an answer too. */
static int handle_in(struct redis_link *link, const redisReply *reply)
{
    int rc = 0;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 && is_word(reply->element[0], "message")) {
        pinion__broker_received(&link->broker, reply->element[2]->str, (size_t)reply->element[2]->len);
        return 0;
    }
    struct command *command = answered(&link->in);
    if (command && command->verb != PING && reply->type == REDIS_REPLY_ERROR)
        rc = subscription_failed(link, command, reply->str);
    free(command);
    return rc;
}

static void publish_failed(struct redis_link *link, const struct command *command, const char *answer)
{
    char text[160];
    if (pinion__redis_is_refusal(answer)) {
        pinion__broker_refused(&link->broker, PINION_BROKER_PUBLISH, command->subject);
        return;
    }
    pinion__redis_sentence(answer, text, sizeof text);
    if (!link->passing)
        pinion__log(PINION_LOG_WARNING, "pubsub redis: the server does not pass messages on: %s", text);
    link->passing = true;
    if (command->verb == PUBLISH)
        pinion__broker_lost(&link->broker, 1);
}

/* The answer to PUBLISH is the number of receivers. For a message to all nodes, this node is one of them. */
static void published(struct redis_link *link, const struct command *command, long long receivers)
{
    link->passing = false;
    if (command->verb == ASK)
        link->nobody = receivers == 0;
    else if (command->kind == PINION_SUBJECT_ALL && receivers <= 1)
        pinion__broker_unheard(&link->broker);
    else if (command->kind == PINION_SUBJECT_NODE && receivers == 0)
        pinion__broker_missed(&link->broker, command->subject);
}

static int handle_out(struct redis_link *link, const redisReply *reply)
{
    struct command *command = answered(&link->out);
    if (command && reply->type == REDIS_REPLY_ERROR && command->verb != PING) {
        publish_failed(link, command, reply->str);
    } else if (command && reply->type == REDIS_REPLY_INTEGER) {
        published(link, command, reply->integer);
    }
    free(command);
    return 0;
}

static int take_in(struct redis_link *link, struct lane *lane,
                   int (*handle)(struct redis_link *link, const redisReply *reply))
{
    void *reply = NULL;
    lane->heard = pinion__clock_ms();
    if (redisBufferRead(lane->context) != REDIS_OK)
        return pinion__redis_fail(link, lane);
    for (;;) {
        if (redisGetReplyFromReader(lane->context, &reply) != REDIS_OK)
            return pinion__redis_fail(link, lane);
        if (!reply)
            return 0;
        int rc = handle(link, reply);
        freeReplyObject(reply);
        if (rc)
            return rc;
    }
}

/* Wait for either connection, or for wake_fd (-1: none), and read what has come. */
static int take_in_both(struct redis_link *link, int wake_fd, int timeout_ms)
{
    struct pollfd fds[] = {
        { .fd = link->in.context->fd, .events = POLLIN },
        { .fd = link->out.context->fd, .events = POLLIN },
        { .fd = wake_fd, .events = POLLIN },
    };
    if (poll(fds, 3, timeout_ms) <= 0)
        return 0;
    int rc = fds[0].revents ? take_in(link, &link->in, handle_in) : 0;
    if (!rc && fds[1].revents)
        rc = take_in(link, &link->out, handle_out);
    return rc;
}

static int sync_with_server(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    uint64_t now = pinion__clock_ms(), until = now + PINION_BROKER_PATIENCE_MS;
    int rc = flush(broker);
    while (!rc && !(pinion__list_empty(&link->in.commands) && pinion__list_empty(&link->out.commands))) {
        if (now >= until)
            return pinion__broker_explain(broker, PINION_ETIMEDOUT, "the server does not answer");
        rc = take_in_both(link, -1, (int)(until - now));
        now = pinion__clock_ms();
    }
    return rc;
}

/* The node does not subscribe to this subject yet. */
static int ask(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length)
{
    struct redis_link *link = link_of(broker);
    link->nobody = false;
    int rc = append_publish(broker, &(struct command){ .verb = ASK }, subject, bytes, length);
    if (!rc)
        rc = sync_with_server(broker);
    return !rc && link->nobody ? PINION_ENOENT : rc;
}

/* A connection that only listens does not notice by itself that its peer has gone. */
static int ping(struct redis_link *link)
{
    const char *words[] = { "PING" };
    uint64_t now = pinion__clock_ms();
    if (now - link->in.heard > SILENCE_MS || now - link->out.heard > SILENCE_MS)
        return pinion__broker_explain(&link->broker, PINION_EIO, "the server does not answer");
    if (now - link->pinged < PING_MS)
        return 0;
    link->pinged = now;
    int rc = append(link, &link->in, &(struct command){ .verb = PING }, 1, words, NULL);
    if (!rc)
        rc = append(link, &link->out, &(struct command){ .verb = PING }, 1, words, NULL);
    return rc ? rc : flush(&link->broker);
}

static int wait_for_work(struct pinion_broker *broker, int wake_fd, int timeout_ms)
{
    struct redis_link *link = link_of(broker);
    int rc = flush(broker);
    if (!rc)
        rc = take_in_both(link, wake_fd, timeout_ms);
    return rc ? rc : ping(link);
}

/* ---- life ---- */

static void free_link(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    pinion__redis_free_tls(link);
    free(link);
}

static const struct pinion_link_ops ops = {
    .name = "redis",
    .open = open_connections,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .largest = largest,
    .ask = ask,
    .sync = sync_with_server,
    .flush = flush,
    .wait = wait_for_work,
    .close = close_connections,
    .free = free_link,
};

/* Channels are the same in all databases. A number is accepted, because other clients require one, and
 * ignored. */
static int check(const struct pinion_broker_url *url)
{
    if (url->path[strspn(url->path, "0123456789")])
        return pinion__fail(PINION_EINVAL, "pubsub: the URL's path is not the number of a Redis database");
    return 0;
}

int pinion__redis_open(const char *url, pinion_pubsub_adapter **out)
{
    struct redis_link *link = calloc(1, sizeof *link);
    if (!link)
        return PINION_ENOMEM;
    link->broker.link = &ops;
    pinion__list_init(&link->out.commands);
    pinion__list_init(&link->in.commands);
    int rc = pinion__broker_init(&link->broker, url, DEFAULT_PORT);
    if (rc) {
        free(link);
        return rc;
    }
    rc = check(&link->broker.url);
    if (!rc)
        rc = pinion__redis_make_tls(link);
    if (rc) {
        pinion__broker_release(&link->broker);
        free(link);
        return rc;
    }
    *out = &link->broker.base;
    return 0;
}
