/* NATS, by its own C client. What comes is handed over on that library's thread. */
#include "pubsub/nats.h"
#include "base/list.h"
#include "base/log.h"
#include "pubsub/broker.h"
#include "pubsub/topics.h"
#include <nats/nats.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEFAULT_PORT 4222
#define PING_MS      2000 /* two without an answer, and the connection is given up */
#define PENDING_MAX  (64 << 20)
#define FAREWELL_S   5
#define SYNC_MS      (2 * PINION_BROKER_PATIENCE_MS)

struct nats_link {
    struct pinion_broker broker;
    natsConnection *connection;
    struct pinion_topics subscriptions; /* by subject; data is a natsSubscription */
    pthread_mutex_t lock;               /* of what follows */
    pthread_cond_t changed;
    unsigned open; /* subscriptions whose last call of on_message may be to come */
    bool closed;   /* the library's last word on the connection */
    char reason[100];
};

static struct nats_link *link_of(struct pinion_broker *broker)
{
    return PINION_CONTAINER_OF(broker, struct nats_link, broker);
}

/* ---- called by the library ---- */

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                       void *data)
{
    struct nats_link *link = data;
    pinion__broker_received(&link->broker, natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

static void on_complete(void *data)
{
    struct nats_link *link = data;
    pthread_mutex_lock(&link->lock);
    link->open--;
    pthread_cond_signal(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

static void on_closed(natsConnection *connection, void *data)
{
    struct nats_link *link = data;
    const char *reason = NULL;
    if (natsConnection_GetLastError(connection, &reason) == NATS_OK || !reason || !*reason)
        reason = "the server has closed it";
    pthread_mutex_lock(&link->lock);
    link->closed = true;
    snprintf(link->reason, sizeof link->reason, "%s", reason);
    pthread_cond_signal(&link->changed);
    pinion__broker_wake(&link->broker);
    pthread_mutex_unlock(&link->lock);
}

/* The library says it once for each time that a subscription begins to drop. */
static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status,
                     void *data)
{
    struct nats_link *link = data;
    if (status == NATS_SLOW_CONSUMER)
        pinion__broker_lost(&link->broker, 1);
}

/* ---- connecting ---- */

static natsStatus set_identity(natsOptions *options, const struct pinion_broker_url *url)
{
    if (url->user && !url->password)
        return natsOptions_SetToken(options, url->user);
    if (url->user)
        return natsOptions_SetUserInfo(options, url->user, url->password);
    return NATS_OK;
}

static natsStatus set_tls(natsOptions *options, const struct pinion_broker_url *url)
{
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK)
        status = natsOptions_SetExpectedHostname(options, url->host);
    if (status == NATS_OK && url->ca)
        status = natsOptions_LoadCATrustedCertificates(options, url->ca);
    if (status == NATS_OK && url->cert)
        status = natsOptions_LoadCertificatesChain(options, url->cert, url->key);
    return status;
}

static natsStatus set_server(natsOptions *options, const struct pinion_broker_url *url)
{
    char server[300];
    snprintf(server, sizeof server, strchr(url->host, ':') ? "nats://[%s]:%u" : "nats://%s:%u", url->host,
             url->port);
    return natsOptions_SetURL(options, server);
}

/* Each is tried as long as all went well. */
static natsStatus set_options(struct nats_link *link, natsOptions *options)
{
    const struct pinion_broker_url *url = &link->broker.url;
    natsStatus status = set_server(options, url);
#define TRY(call) status = status == NATS_OK ? (call) : status
    TRY(set_identity(options, url));
    TRY(strcmp(url->scheme, "tls") == 0 ? set_tls(options, url) : NATS_OK);
    TRY(natsOptions_SetName(options, link->broker.base.ops->node_id(&link->broker.base)));
    TRY(natsOptions_SetTimeout(options, PINION_BROKER_PATIENCE_MS));
    TRY(natsOptions_SetWriteDeadline(options, PINION_BROKER_PATIENCE_MS));
    TRY(natsOptions_SetPingInterval(options, PING_MS));
    TRY(natsOptions_SetMaxPingsOut(options, 2));
    TRY(natsOptions_SetAllowReconnect(options, false));
    TRY(natsOptions_SetNoEcho(options, true));
    TRY(natsOptions_SetSendAsap(options, true));
    TRY(natsOptions_UseGlobalMessageDelivery(options, true));
    TRY(natsOptions_SetClosedCB(options, on_closed, link));
    TRY(natsOptions_SetErrorHandler(options, on_error, link));
#undef TRY
    return status;
}

static int explain(natsStatus status, struct pinion_broker_problem *why)
{
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        snprintf(why->text, sizeof why->text, "the server refuses the user, the password or the token");
        return PINION_EACCES;
    case NATS_SECURE_CONNECTION_WANTED:
        snprintf(why->text, sizeof why->text, "the server has no TLS; nats:// does without");
        return PINION_EINVAL;
    case NATS_SECURE_CONNECTION_REQUIRED:
        snprintf(why->text, sizeof why->text, "the server wants TLS: tls://");
        return PINION_EINVAL;
    case NATS_SSL_ERROR:
        snprintf(why->text, sizeof why->text, "TLS failed: a certificate, or the name in it, is not right");
        return PINION_EACCES;
    case NATS_INVALID_ARG:
    case NATS_ADDRESS_MISSING:
        snprintf(why->text, sizeof why->text, "the address or a setting is not valid");
        return PINION_EINVAL;
    case NATS_NO_MEMORY:
        snprintf(why->text, sizeof why->text, "out of memory");
        return PINION_EIO;
    default:
        snprintf(why->text, sizeof why->text, "%s", natsStatus_GetText(status));
        return PINION_EIO;
    }
}

static int open_connection(struct pinion_broker *broker, struct pinion_broker_problem *why)
{
    struct nats_link *link = link_of(broker);
    natsOptions *options = NULL;
    link->closed = false;
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK)
        status = set_options(link, options);
    if (status == NATS_OK)
        status = natsConnection_Connect(&link->connection, options);
    natsOptions_Destroy(options);
    return status == NATS_OK ? 0 : explain(status, why);
}

/* ---- the connection ---- */

static void note_open(struct nats_link *link, int change)
{
    pthread_mutex_lock(&link->lock);
    link->open += (unsigned)change;
    pthread_mutex_unlock(&link->lock);
}

static int keep(struct nats_link *link, const char *subject, natsSubscription *subscription)
{
    int rc = pinion__topics_add(&link->subscriptions, subject, 0);
    if (!rc)
        pinion__topics_find(&link->subscriptions, subject)->data = subscription;
    return rc;
}

static int subscribe(struct pinion_broker *broker, const char *subject)
{
    struct nats_link *link = link_of(broker);
    natsSubscription *subscription = NULL;
    if (natsConnection_Subscribe(&subscription, link->connection, subject, on_message, link) != NATS_OK)
        return PINION_EIO;
    note_open(link, 1);
    if (natsSubscription_SetOnCompleteCB(subscription, on_complete, link) != NATS_OK)
        note_open(link, -1); /* the connection is closed already */
    (void)natsSubscription_SetPendingLimits(subscription, -1, PENDING_MAX);
    int rc = keep(link, subject, subscription);
    if (rc)
        natsSubscription_Destroy(subscription);
    return rc ? PINION_EIO : 0;
}

static int unsubscribe(struct pinion_broker *broker, const char *subject)
{
    struct nats_link *link = link_of(broker);
    struct pinion_topics_entry *entry = pinion__topics_find(&link->subscriptions, subject);
    if (!entry)
        return 0;
    natsSubscription_Destroy(entry->data);
    pinion__topics_remove(&link->subscriptions, subject);
    return 0;
}

static int publish(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length)
{
    natsStatus status = natsConnection_Publish(link_of(broker)->connection, subject, bytes, (int)length);
    if (status == NATS_MAX_PAYLOAD) {
        pinion__broker_lost(broker, 1);
        return 0;
    }
    return status == NATS_OK ? 0 : PINION_EIO;
}

/* A PING, whose answer comes after everything before it was seen to. */
static int sync_with_server(struct pinion_broker *broker)
{
    return natsConnection_FlushTimeout(link_of(broker)->connection, SYNC_MS) == NATS_OK ? 0 : PINION_EIO;
}

static int flush(struct pinion_broker *broker)
{
    return 0; /* each message is sent at once */
}

static int wait_for_work(struct pinion_broker *broker, int wake_fd, int timeout_ms,
                         struct pinion_broker_problem *why)
{
    struct nats_link *link = link_of(broker);
    struct pollfd wake = { .fd = wake_fd, .events = POLLIN };
    (void)poll(&wake, 1, timeout_ms);
    pthread_mutex_lock(&link->lock);
    bool closed = link->closed;
    if (closed)
        snprintf(why->text, sizeof why->text, "%s", link->reason);
    pthread_mutex_unlock(&link->lock);
    return closed ? PINION_EIO : 0;
}

/* ---- the end ---- */

static void destroy_subscription(struct pinion_map_node *node, void *data)
{
    natsSubscription_Destroy(PINION_CONTAINER_OF(node, struct pinion_topics_entry, node)->data);
}

/* The library's threads may still be in a call of ours, or about to make one. */
static void await_silence(struct nats_link *link)
{
    struct timespec deadline;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += FAREWELL_S;
    pthread_mutex_lock(&link->lock);
    while ((!link->closed || link->open > 0) && rc == 0)
        rc = pthread_cond_timedwait(&link->changed, &link->lock, &deadline);
    if (rc)
        pinion__log(PINION_LOG_ERROR, "pubsub nats: the client library does not let go of a connection");
    pthread_mutex_unlock(&link->lock);
}

static void close_connection(struct pinion_broker *broker)
{
    struct nats_link *link = link_of(broker);
    if (!link->connection)
        return;
    natsConnection_Close(link->connection);
    pinion__map_each(&link->subscriptions.map, destroy_subscription, NULL);
    pinion__topics_release(&link->subscriptions);
    pinion__topics_init(&link->subscriptions);
    await_silence(link);
    natsConnection_Destroy(link->connection);
    link->connection = NULL;
}

static void free_link(struct pinion_broker *broker)
{
    struct nats_link *link = link_of(broker);
    pinion__topics_release(&link->subscriptions);
    pthread_cond_destroy(&link->changed);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

static const struct pinion_link_ops ops = {
    .name = "nats",
    .open = open_connection,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .sync = sync_with_server,
    .flush = flush,
    .wait = wait_for_work,
    .close = close_connection,
    .free = free_link,
};

int pinion__nats_open(const char *url, pinion_pubsub_adapter **out)
{
    struct nats_link *link = calloc(1, sizeof *link);
    if (!link)
        return PINION_ENOMEM;
    link->broker.link = &ops;
    int rc = pinion__broker_init(&link->broker, url, DEFAULT_PORT);
    if (!rc && *link->broker.url.path) {
        pinion__broker_release(&link->broker);
        rc = pinion__fail(PINION_EINVAL, "pubsub: the URL's path is of no use to NATS");
    }
    if (rc) {
        free(link);
        return rc;
    }
    pthread_mutex_init(&link->lock, NULL);
    pthread_cond_init(&link->changed, NULL);
    pinion__topics_init(&link->subscriptions);
    *out = &link->broker.base;
    return 0;
}
