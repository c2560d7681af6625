/* Redis, by hiredis: two connections, since one that has subscribed can do nothing else. Both are served by
 * the adapter's thread, with poll(2). */
#include "pubsub/redis.h"
#include "base/list.h"
#include "base/log.h"
#include "pubsub/broker.h"
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef PINION_HAVE_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#endif

#define DEFAULT_PORT 6379
#define PING_MS      2000                            /* how often each connection is tried */
#define SILENCE_MS   (3 * PING_MS)                   /* after which it is given up */
#define SYNC_MS      (2 * PINION_BROKER_PATIENCE_MS) /* for an answer that is waited for */

struct redis_link {
    struct pinion_broker broker;
    redisContext *out;  /* publishes */
    redisContext *in;   /* subscribes */
    size_t unanswered;  /* commands on `out` */
    size_t unconfirmed; /* subscriptions begun and ended, on `in` */
    uint64_t pinged;    /* when; milliseconds */
    uint64_t heard_out;
    uint64_t heard_in;
    bool refused; /* a command: said already */
#ifdef PINION_HAVE_REDIS_TLS
    redisSSLContext *tls;
#endif
};

static struct redis_link *link_of(struct pinion_broker *broker)
{
    return PINION_CONTAINER_OF(broker, struct redis_link, broker);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void explain(struct pinion_broker_problem *why, const char *what)
{
    snprintf(why->text, sizeof why->text, "%s", what);
}

/* ---- TLS ---- */

#ifdef PINION_HAVE_REDIS_TLS
static int make_tls(struct redis_link *link)
{
    const struct pinion_broker_url *url = &link->broker.url;
    redisSSLContextError error = REDIS_SSL_CTX_NONE;
    if (strcmp(url->scheme, "rediss") != 0)
        return 0;
    redisInitOpenSSL();
    link->tls = redisCreateSSLContext(url->ca, NULL, url->cert, url->key, url->host, &error);
    return link->tls ? 0 : pinion__fail(PINION_EINVAL, "pubsub: TLS: %s", redisSSLContextGetError(error));
}

static int begin_tls(struct redis_link *link, redisContext *context)
{
    return !link->tls || redisInitiateSSLWithContext(context, link->tls) == REDIS_OK ? 0 : PINION_EACCES;
}

static void free_tls(struct redis_link *link)
{
    redisFreeSSLContext(link->tls);
}
#else
static int make_tls(struct redis_link *link)
{
    if (strcmp(link->broker.url.scheme, "rediss") != 0)
        return 0;
    return pinion__fail(PINION_ENOTSUP, "pubsub: this build has no TLS for Redis; hiredis_ssl brings it");
}

static int begin_tls(struct redis_link *link, redisContext *context)
{
    return 0;
}

static void free_tls(struct redis_link *link)
{
}
#endif

/* ---- connecting ---- */

static redisReply *command(redisContext *context, int count, const char **words)
{
    return redisCommandArgv(context, count, words, NULL);
}

/* An answer's text may hold what was sent, and so the password: it is not passed on. */
static int authenticate(struct redis_link *link, redisContext *context)
{
    const struct pinion_broker_url *url = &link->broker.url;
    const char *words[3] = { "AUTH" };
    int count = 1;
    if (url->user && url->password)
        words[count++] = url->user;
    if (url->password || url->user)
        words[count++] = url->password ? url->password : url->user;
    redisReply *reply =
        command(context, count > 1 ? count : 1, count > 1 ? words : (const char *[]){ "PING" });
    int rc = !reply ? PINION_EIO : reply->type == REDIS_REPLY_ERROR ? PINION_EACCES : 0;
    if (rc == PINION_EACCES && strncmp(reply->str, "LOADING", 7) == 0)
        rc = PINION_EIO;
    freeReplyObject(reply);
    return rc;
}

static int connect_one(struct redis_link *link, redisContext **out, struct pinion_broker_problem *why)
{
    const struct timeval patience = { .tv_sec = PINION_BROKER_PATIENCE_MS / 1000 };
    redisContext *context = redisConnectWithTimeout(link->broker.url.host, link->broker.url.port, patience);
    *out = context;
    if (!context) {
        explain(why, "out of memory");
        return PINION_EIO;
    }
    if (context->err || redisSetTimeout(context, patience) != REDIS_OK) {
        explain(why, context->errstr);
        return PINION_EIO;
    }
    if (begin_tls(link, context) != 0) {
        explain(why, "TLS failed: a certificate, or the name in it, is not right");
        return PINION_EACCES;
    }
    int rc = authenticate(link, context);
    if (rc)
        explain(why, rc == PINION_EACCES ? "the server refuses the user or the password" : context->errstr);
    return rc;
}

static int open_connections(struct pinion_broker *broker, struct pinion_broker_problem *why)
{
    struct redis_link *link = link_of(broker);
    link->unanswered = link->unconfirmed = 0;
    int rc = connect_one(link, &link->out, why);
    if (!rc)
        rc = connect_one(link, &link->in, why);
    link->pinged = link->heard_in = link->heard_out = now_ms();
    return rc;
}

static void close_connections(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    if (link->out)
        redisFree(link->out);
    if (link->in)
        redisFree(link->in);
    link->out = link->in = NULL;
}

/* ---- out ---- */

static int append(redisContext *context, int count, const char **words, const size_t *lengths)
{
    return redisAppendCommandArgv(context, count, words, lengths) == REDIS_OK ? 0 : PINION_EIO;
}

static int publish(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length)
{
    struct redis_link *link = link_of(broker);
    const char *words[] = { "PUBLISH", subject, bytes };
    const size_t lengths[] = { 7, strlen(subject), length };
    link->unanswered++;
    return append(link->out, 3, words, lengths);
}

static int begin_or_end(struct redis_link *link, const char *verb, const char *subject)
{
    const char *words[] = { verb, subject };
    link->unconfirmed++;
    return append(link->in, 2, words, NULL);
}

static int subscribe(struct pinion_broker *broker, const char *subject)
{
    return begin_or_end(link_of(broker), "SUBSCRIBE", subject);
}

static int unsubscribe(struct pinion_broker *broker, const char *subject)
{
    return begin_or_end(link_of(broker), "UNSUBSCRIBE", subject);
}

static int write_all(redisContext *context)
{
    int done = 0;
    while (!done) {
        if (redisBufferWrite(context, &done) != REDIS_OK)
            return PINION_EIO;
    }
    return 0;
}

static int flush(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    int rc = write_all(link->in);
    return rc ? rc : write_all(link->out);
}

/* ---- in ---- */

static bool is_word(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, word) == 0;
}

/* Messages, confirmations, and answers to PING. An error says that something may not be subscribed to. */
static int handle_in(struct redis_link *link, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return reply->type == REDIS_REPLY_ERROR ? PINION_EACCES : 0;
    if (is_word(reply->element[0], "message") && reply->elements == 3)
        pinion__broker_received(&link->broker, reply->element[2]->str, (size_t)reply->element[2]->len);
    else if (!is_word(reply->element[0], "pong") && link->unconfirmed > 0)
        link->unconfirmed--;
    return 0;
}

static int handle_out(struct redis_link *link, const redisReply *reply)
{
    if (link->unanswered > 0)
        link->unanswered--;
    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    pinion__broker_lost(&link->broker, 1);
    if (!link->refused)
        pinion__log(PINION_LOG_ERROR, "pubsub redis: the server refuses a command: %s", reply->str);
    link->refused = true;
    return 0;
}

static int take_in(struct redis_link *link, redisContext *context,
                   int (*handle)(struct redis_link *link, const redisReply *reply))
{
    void *reply = NULL;
    int rc = redisBufferRead(context) == REDIS_OK ? 0 : PINION_EIO;
    while (!rc) {
        rc = redisGetReplyFromReader(context, &reply) == REDIS_OK ? 0 : PINION_EIO;
        if (rc || !reply)
            break;
        rc = handle(link, reply);
        freeReplyObject(reply);
    }
    return rc;
}

/* Wait for either connection, or for wake_fd (-1: none), and take in what there is. */
static int take_in_both(struct redis_link *link, int wake_fd, int timeout_ms,
                        struct pinion_broker_problem *why)
{
    struct pollfd fds[] = {
        { .fd = link->in->fd, .events = POLLIN },
        { .fd = link->out->fd, .events = POLLIN },
        { .fd = wake_fd, .events = POLLIN },
    };
    int rc = 0;
    if (poll(fds, 3, timeout_ms) <= 0)
        return 0;
    if (fds[0].revents) {
        link->heard_in = now_ms();
        rc = take_in(link, link->in, handle_in);
        if (rc)
            explain(why, rc == PINION_EACCES ? "the server refuses a subscription" : link->in->errstr);
    }
    if (!rc && fds[1].revents) {
        link->heard_out = now_ms();
        rc = take_in(link, link->out, handle_out);
        if (rc)
            explain(why, link->out->errstr);
    }
    return rc;
}

static int sync_with_server(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    struct pinion_broker_problem why;
    uint64_t now = now_ms(), until = now + SYNC_MS;
    int rc = flush(broker);
    while (!rc && (link->unconfirmed > 0 || link->unanswered > 0)) {
        if (now >= until)
            return PINION_EIO;
        rc = take_in_both(link, -1, (int)(until - now), &why);
        now = now_ms();
    }
    return rc;
}

/* A connection that only listens does not find out by itself that nobody is there any more. */
static int ping(struct redis_link *link, struct pinion_broker_problem *why)
{
    const char *words[] = { "PING" };
    uint64_t now = now_ms();
    if (now - link->heard_in > SILENCE_MS || now - link->heard_out > SILENCE_MS) {
        explain(why, "the server does not answer");
        return PINION_EIO;
    }
    if (now - link->pinged < PING_MS)
        return 0;
    link->pinged = now;
    link->unanswered++;
    int rc = append(link->in, 1, words, NULL);
    if (!rc)
        rc = append(link->out, 1, words, NULL);
    return rc ? rc : flush(&link->broker);
}

static int wait_for_work(struct pinion_broker *broker, int wake_fd, int timeout_ms,
                         struct pinion_broker_problem *why)
{
    struct redis_link *link = link_of(broker);
    int rc = take_in_both(link, wake_fd, timeout_ms, why);
    return rc ? rc : ping(link, why);
}

/* ---- life ---- */

static void free_link(struct pinion_broker *broker)
{
    struct redis_link *link = link_of(broker);
    free_tls(link);
    free(link);
}

static const struct pinion_link_ops ops = {
    .name = "redis",
    .open = open_connections,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .sync = sync_with_server,
    .flush = flush,
    .wait = wait_for_work,
    .close = close_connections,
    .free = free_link,
};

/* Channels are the same in all databases: a number is allowed, as other clients want it, and ignored. */
static int check(const struct pinion_broker_url *url)
{
    if (url->path[strspn(url->path, "0123456789")])
        return pinion__fail(PINION_EINVAL, "pubsub: the URL's path is no number of a Redis database");
    return 0;
}

int pinion__redis_open(const char *url, pinion_pubsub_adapter **out)
{
    struct redis_link *link = calloc(1, sizeof *link);
    if (!link)
        return PINION_ENOMEM;
    link->broker.link = &ops;
    int rc = pinion__broker_init(&link->broker, url, DEFAULT_PORT);
    if (rc) {
        free(link);
        return rc;
    }
    rc = check(&link->broker.url);
    if (!rc)
        rc = make_tls(link);
    if (rc) {
        pinion__broker_release(&link->broker);
        free(link);
        return rc;
    }
    *out = &link->broker.base;
    return 0;
}
