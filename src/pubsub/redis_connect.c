#include "base/clock.h"
#include "base/log.h"
#include "pubsub/redis_int.h"
#include "pubsub/redis_problem.h"
#include <string.h>

/* The connection has failed. The reason is hiredis's text, which contains nothing of what the server was
 * told. */
int pinion__redis_fail(struct redis_link *link, const struct lane *lane)
{
    return pinion__broker_explain(&link->broker, PINION_EIO, "%s",
                                  lane->context && *lane->context->errstr ? lane->context->errstr
                                                                          : "out of memory");
}

int pinion__redis_fail_with(struct redis_link *link, const char *command, const char *answer)
{
    char text[160];
    int rc = pinion__redis_problem(answer)->passes ? PINION_EIO : PINION_EACCES;
    if (pinion__redis_is_refusal(answer))
        return pinion__broker_explain(&link->broker, rc,
                                      "the server does not let this user run %s: it must be allowed +ping, "
                                      "+publish, +subscribe, +unsubscribe and the channels %s.*",
                                      command, link->broker.url.prefix);
    pinion__redis_sentence(answer, text, sizeof text);
    return pinion__broker_explain(&link->broker, rc, "%s", text);
}

/* ---- TLS ---- */

#ifdef PINION_HAVE_REDIS_TLS
int pinion__redis_make_tls(struct redis_link *link)
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

void pinion__redis_free_tls(struct redis_link *link)
{
    redisFreeSSLContext(link->tls);
}
#else
int pinion__redis_make_tls(struct redis_link *link)
{
    if (strcmp(link->broker.url.scheme, "rediss") != 0)
        return 0;
    return pinion__fail(PINION_ENOTSUP, "pubsub: this build has no TLS for Redis; hiredis_ssl brings it");
}

static int begin_tls(struct redis_link *link, redisContext *context)
{
    return 0;
}

void pinion__redis_free_tls(struct redis_link *link)
{
}
#endif

/* ---- connecting ---- */

/* Run a command, and wait for its answer. */
static int run(struct redis_link *link, const struct lane *lane, int count, const char **words)
{
    redisReply *reply = redisCommandArgv(lane->context, count, words, NULL);
    if (!reply)
        return pinion__redis_fail(link, lane);
    int rc = reply->type == REDIS_REPLY_ERROR ? pinion__redis_fail_with(link, words[0], reply->str) : 0;
    freeReplyObject(reply);
    return rc;
}

static int authenticate(struct redis_link *link, const struct lane *lane)
{
    const struct pinion_broker_url *url = &link->broker.url;
    const char *words[3] = { "AUTH" };
    int count = 1;
    if (url->user && url->password)
        words[count++] = url->user;
    if (url->password || url->user)
        words[count++] = url->password ? url->password : url->user;
    int rc = count > 1 ? run(link, lane, count, words) : 0;
    return rc ? rc : run(link, lane, 1, (const char *[]){ "PING" });
}

/* If a user may not unsubscribe, messages that nobody wants would go on coming. So it is tried with a subject
 * that is not subscribed to. */
static int try_unsubscribe(struct redis_link *link)
{
    char subject[PINION_SUBJECT_MAX];
    if (!link->broker.url.topics)
        return 0;
    pinion__broker_own_subject(&link->broker, subject);
    return run(link, &link->in, 2, (const char *[]){ "UNSUBSCRIBE", subject });
}

int pinion__redis_connect(struct redis_link *link, struct lane *lane)
{
    const struct timeval patience = { .tv_sec = PINION_BROKER_PATIENCE_MS / 1000 };
    const struct pinion_broker_url *url = &link->broker.url;
    lane->context = redisConnectWithTimeout(url->host, url->port, patience);
    lane->heard = pinion__clock_ms();
    if (!lane->context || lane->context->err || redisSetTimeout(lane->context, patience) != REDIS_OK)
        return pinion__redis_fail(link, lane);
    if (begin_tls(link, lane->context) != 0)
        return pinion__broker_explain(&link->broker, PINION_EACCES,
                                      "TLS failed: a certificate, or the name in it, is not right");
    int rc = authenticate(link, lane);
    return rc || lane != &link->in ? rc : try_unsubscribe(link);
}
