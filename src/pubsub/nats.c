/* The link to NATS, by its own C client. Messages are passed on by a thread of that library. */
#include "pubsub/nats.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/log.h"
#include "pubsub/broker.h"
#include "pubsub/nats_connect.h"
#include "pubsub/nats_problem.h"
#include "pubsub/topics.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEFAULT_PORT 4222
#define PING_MS      2000 /* after two without an answer, the connection is given up */
#define PENDING_MAX  (64 << 20)
#define FAREWELL_MS  5000
#define SETTLE_MS    50 /* after this time without a refusal, there are no more */
#define SETTLE_MAX   1000
#define SAID_MAX     256 /* the library keeps no more of what the server says */

/* Receives the library's errors. The library may report an error after the connection it concerns could not
 * be made and is forgotten, and does not say when it has reported the last one. So an ear outlives its link.
 * There are as many ears as there were adapters. */
struct ear {
    struct pinion_lock lock; /* guards what follows; held while an error is reported */
    struct nats_link *link;  /* NULL: nobody listens */
    struct ear *next;
};

struct nats_link {
    struct pinion_broker broker;
    struct ear *ear;
    natsConnection *connection;
    struct pinion_lock lock; /* guards what follows */
    pthread_cond_t changed;
    struct pinion_topics
        subscriptions; /* by subject; data is a natsSubscription, which only the adapter's thread uses */
    unsigned open;     /* subscriptions for which on_message may still be called */
    bool closed;       /* the library has reported the connection as closed */
    char missed[PINION_SUBJECT_MAX + 1]; /* the start of the reply subjects of messages for one node */
    char reason[SAID_MAX];
    char refusal[PINION_SUBJECT_MAX + 64]; /* the last one that on_error received */
    uint64_t refused_at;                   /* when, ms */
    atomic_size_t largest;                 /* the largest message that the server accepts */
};

static struct nats_link *link_of(struct pinion_broker *broker)
{
    return PINION_CONTAINER_OF(broker, struct nats_link, broker);
}

/* ---- called by the library ---- */

/* Nobody subscribes to the subject of a message with a reply subject: the question at the start, or a message
 * for one node. */
static void on_no_responders(struct nats_link *link, const char *subject)
{
    size_t len = strlen(link->missed);
    if (strncmp(subject, link->missed, len) == 0)
        pinion__broker_missed(&link->broker, subject);
    else
        pinion__broker_nobody(&link->broker);
}

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                       void *data)
{
    struct nats_link *link = data;
    if (natsMsg_IsNoResponders(message))
        on_no_responders(link, natsMsg_GetSubject(message));
    else
        pinion__broker_received(&link->broker, natsMsg_GetData(message),
                                (size_t)natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

static void on_complete(void *data)
{
    struct nats_link *link = data;
    pinion__lock(&link->lock);
    link->open--;
    pthread_cond_signal(&link->changed);
    pinion__unlock(&link->lock);
}

/* What the server said last; NATS_OK: nothing. The library shows its own buffer, which its thread may be
 * writing to at this moment, so the text may be a mixture of two. It always ends within the buffer, whose
 * last byte stays NUL. There is no other way, so ThreadSanitizer does not look here. */
__attribute__((no_sanitize("thread"))) static natsStatus last_said(natsConnection *connection,
                                                                   char text[SAID_MAX])
{
    const char *said = NULL;
    natsStatus status = natsConnection_GetLastError(connection, &said);
    size_t len = 0;
    if (status != NATS_OK && said)
        for (; len < SAID_MAX - 1 && said[len]; len++)
            text[len] = said[len];
    text[len] = '\0';
    return status;
}

static void on_closed(natsConnection *connection, void *data)
{
    struct nats_link *link = data;
    char reason[SAID_MAX];
    (void)last_said(connection, reason);
    pinion__lock(&link->lock);
    link->closed = true;
    snprintf(link->reason, sizeof link->reason, "%s", *reason ? reason : "the server has closed it");
    pthread_cond_signal(&link->changed);
    pinion__broker_wake(&link->broker);
    pinion__unlock(&link->lock);
}

struct refused {
    struct nats_link *link;
    const char *beginning;
};

static void refuse_if_begins(struct pinion_map_node *node, void *data)
{
    const struct refused *refused = data;
    const struct pinion_topics_entry *entry = PINION_CONTAINER_OF(node, struct pinion_topics_entry, node);
    if (strncmp(entry->name, refused->beginning, strlen(refused->beginning)) == 0)
        pinion__broker_refused(&refused->link->broker, PINION_BROKER_SUBSCRIBE, entry->name);
}

/* The library keeps only the beginning of a long subject. So each subject with this beginning may be the
 * one. */
static void refuse_all(struct nats_link *link, const char *beginning)
{
    pinion__lock(&link->lock);
    pinion__map_each(&link->subscriptions.map, refuse_if_begins, &(struct refused){ link, beginning });
    pinion__unlock(&link->lock);
}

/* What may not be subscribed or published to is reported here, a moment after it happened. */
static void on_refusal(struct nats_link *link, const char *text)
{
    char subject[PINION_SUBJECT_MAX];
    enum pinion_broker_act act;
    bool cut;
    bool known = pinion__nats_refusal(text, &act, subject, &cut);
    if (known && cut && act == PINION_BROKER_SUBSCRIBE)
        refuse_all(link, subject);
    else if (known)
        pinion__broker_refused(&link->broker, act, subject);
    pinion__lock(&link->lock);
    snprintf(link->refusal, sizeof link->refusal, "%s", text);
    link->refused_at = pinion__clock_ms();
    pthread_cond_signal(&link->changed);
    pinion__unlock(&link->lock);
}

/* If messages of a subscription are dropped, the library reports it once each time this begins. */
static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status,
                     void *data)
{
    struct ear *ear = data;
    const char *text = nats_GetLastError(NULL);
    pinion__lock(&ear->lock);
    if (ear->link && status == NATS_SLOW_CONSUMER)
        pinion__broker_lost(&ear->link->broker, 1);
    else if (ear->link && status == NATS_NOT_PERMITTED)
        on_refusal(ear->link, text ? text : "");
    pinion__unlock(&ear->lock);
}

static void listen_to_errors(struct nats_link *link, bool listens)
{
    pinion__lock(&link->ear->lock);
    link->ear->link = listens ? link : NULL;
    pinion__unlock(&link->ear->lock);
}

/* Returns NULL when out of memory. */
static struct ear *ear_new(void)
{
    static struct pinion_lock lock = PINION_LOCK(EARS);
    static struct ear *all;
    struct ear *ear = calloc(1, sizeof *ear);
    if (!ear)
        return NULL;
    pinion__lock_init(&ear->lock, PINION_RANK_EAR);
    pinion__lock(&lock);
    ear->next = all;
    all = ear;
    pinion__unlock(&lock);
    return ear;
}

/* ---- subscribing ---- */

/* Something has failed. The reason is what the server said last, otherwise the library's text. */
static int fail(struct nats_link *link, natsStatus status)
{
    char said[SAID_MAX];
    (void)last_said(link->connection, said);
    return pinion__broker_explain(&link->broker, PINION_EIO, "%s", *said ? said : natsStatus_GetText(status));
}

static void note_open(struct nats_link *link, int change)
{
    pinion__lock(&link->lock);
    link->open += (unsigned)change;
    pinion__unlock(&link->lock);
}

/* Returns NULL when out of memory. */
static struct pinion_topics_entry *note_subscription(struct nats_link *link, const char *subject)
{
    struct pinion_topics_entry *entry = NULL;
    pinion__lock(&link->lock);
    if (pinion__topics_add(&link->subscriptions, subject, 0) == 0)
        entry = pinion__topics_find(&link->subscriptions, subject);
    pinion__unlock(&link->lock);
    return entry;
}

static void forget_subscription(struct nats_link *link, const char *subject)
{
    pinion__lock(&link->lock);
    pinion__topics_remove(&link->subscriptions, subject);
    pinion__unlock(&link->lock);
}

/* The subscription is noted before the server can refuse it. One that was refused may be tried again. */
static int subscribe(struct pinion_broker *broker, const char *subject)
{
    struct nats_link *link = link_of(broker);
    natsSubscription *subscription = NULL;
    struct pinion_topics_entry *entry = note_subscription(link, subject);
    if (!entry)
        return pinion__broker_explain(broker, PINION_EIO, "out of memory");
    natsSubscription_Destroy(entry->data);
    entry->data = NULL;
    natsStatus status = natsConnection_Subscribe(&subscription, link->connection, subject, on_message, link);
    if (status != NATS_OK) {
        forget_subscription(link, subject);
        return fail(link, status);
    }
    entry->data = subscription;
    note_open(link, 1);
    if (natsSubscription_SetOnCompleteCB(subscription, on_complete, link) != NATS_OK)
        note_open(link, -1); /* the connection is closed already */
    (void)natsSubscription_SetPendingLimits(subscription, -1, PENDING_MAX);
    return 0;
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

/* Each option is set only if all before it were. */
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
    TRY(natsOptions_SetErrorHandler(options, on_error, link->ear));
#undef TRY
    return status;
}

/* The subject where messages are reported that did not reach their node. */
static int subscribe_to_missed(struct nats_link *link)
{
    char subject[PINION_SUBJECT_MAX], all[PINION_SUBJECT_MAX + 2];
    pinion__broker_own_subject(&link->broker, subject);
    snprintf(link->missed, sizeof link->missed, "%s.", subject);
    snprintf(all, sizeof all, "%s.*", subject);
    return subscribe(&link->broker, all);
}

static int open_connection(struct pinion_broker *broker)
{
    struct nats_link *link = link_of(broker);
    natsOptions *options = NULL;
    int rc = pinion__nats_check_files(broker);
    if (rc)
        return rc;
    link->closed = false;
    link->refusal[0] = '\0';
    listen_to_errors(link, true);
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK)
        status = set_options(link, options);
    if (status == NATS_OK)
        status = pinion__nats_connect(&link->connection, options, &link->broker.url);
    natsOptions_Destroy(options);
    if (status != NATS_OK)
        return pinion__nats_explain(broker, status);
    link->largest = (size_t)natsConnection_GetMaxPayload(link->connection);
    return subscribe_to_missed(link);
}

/* ---- the connection ---- */

static int unsubscribe(struct pinion_broker *broker, const char *subject)
{
    struct nats_link *link = link_of(broker);
    struct pinion_topics_entry *entry = pinion__topics_find(&link->subscriptions, subject);
    if (!entry)
        return 0;
    natsSubscription_Destroy(entry->data);
    forget_subscription(link, subject);
    return 0;
}

static size_t largest(struct pinion_broker *broker)
{
    return link_of(broker)->largest;
}

/* The server's limit may change while it runs. The library knows the new limit, and this message is lost. */
static int published(struct nats_link *link, natsStatus status)
{
    if (status == NATS_MAX_PAYLOAD) {
        link->largest = (size_t)natsConnection_GetMaxPayload(link->connection);
        pinion__broker_lost(&link->broker, 1);
        return 0;
    }
    return status == NATS_OK ? 0 : fail(link, status);
}

/* NATS answers a request without subscribers at once, on the reply subject. Messages for one node use this:
 * the reply subject is below this node's own subject, and has the same last part as the other's. */
static int publish(struct pinion_broker *broker, enum pinion_subject kind, const char *subject,
                   const void *bytes, size_t length)
{
    struct nats_link *link = link_of(broker);
    char reply[2 * PINION_SUBJECT_MAX];
    if (kind != PINION_SUBJECT_NODE)
        return published(link, natsConnection_Publish(link->connection, subject, bytes, (int)length));
    snprintf(reply, sizeof reply, "%s%s", link->missed, strrchr(subject, '.') + 1);
    return published(link,
                     natsConnection_PublishRequest(link->connection, subject, reply, bytes, (int)length));
}

static int ask(struct pinion_broker *broker, const char *subject, const void *bytes, size_t length)
{
    struct nats_link *link = link_of(broker);
    char reply[PINION_SUBJECT_MAX];
    (void)pinion__subject(reply, broker->url.prefix, PINION_SUBJECT_NODES, NULL);
    return published(link,
                     natsConnection_PublishRequest(link->connection, subject, reply, bytes, (int)length));
}

/* Has this refusal come, and no other for a while? If not, wait a moment. */
static bool has_settled(struct nats_link *link, const char *last, uint64_t began)
{
    pinion__lock(&link->lock);
    uint64_t since = link->refused_at > began ? link->refused_at : began;
    bool settled = strcmp(link->refusal, last) == 0 && pinion__clock_ms() - since >= SETTLE_MS;
    if (!settled) {
        struct timespec deadline = pinion__clock_in_ms(SETTLE_MS);
        (void)pinion__lock_wait_until(&link->lock, &link->changed, &deadline);
    }
    pinion__unlock(&link->lock);
    return settled;
}

/* The library knows of a refusal before it calls on_error: it keeps the text of the last one. Wait until
 * on_error has received it. */
static void await_refusals(struct nats_link *link)
{
    char last[SAID_MAX];
    uint64_t began = pinion__clock_ms();
    while (last_said(link->connection, last) == NATS_NOT_PERMITTED && !has_settled(link, last, began) &&
           pinion__clock_ms() - began < SETTLE_MAX)
        ;
}

/* Send a PING. Its answer comes after everything before it was handled. */
static int sync_with_server(struct pinion_broker *broker)
{
    struct nats_link *link = link_of(broker);
    natsStatus status = natsConnection_FlushTimeout(link->connection, PINION_BROKER_PATIENCE_MS);
    if (status == NATS_TIMEOUT)
        return pinion__broker_explain(broker, PINION_ETIMEDOUT, "the server does not answer");
    if (status != NATS_OK)
        return fail(link, status);
    await_refusals(link);
    return 0;
}

static int flush(struct pinion_broker *broker)
{
    return 0; /* each message is sent at once */
}

static int wait_for_work(struct pinion_broker *broker, int wake_fd, int timeout_ms)
{
    struct nats_link *link = link_of(broker);
    struct pollfd wake = { .fd = wake_fd, .events = POLLIN };
    (void)poll(&wake, 1, timeout_ms);
    pinion__lock(&link->lock);
    int rc = link->closed ? pinion__broker_explain(broker, PINION_EIO, "%s", link->reason) : 0;
    pinion__unlock(&link->lock);
    return rc;
}

/* ---- the end ---- */

static void destroy_subscription(struct pinion_map_node *node, void *data)
{
    natsSubscription_Destroy(PINION_CONTAINER_OF(node, struct pinion_topics_entry, node)->data);
}

static void forget_subscriptions(struct nats_link *link)
{
    pinion__lock(&link->lock);
    pinion__topics_release(&link->subscriptions);
    pinion__topics_init(&link->subscriptions);
    pinion__unlock(&link->lock);
}

/* The library's threads may be in one of our functions, or about to call one. */
static void await_silence(struct nats_link *link)
{
    struct timespec deadline = pinion__clock_in_ms(FAREWELL_MS);
    int rc = 0;
    pinion__lock(&link->lock);
    while ((!link->closed || link->open > 0) && rc == 0)
        rc = pinion__lock_wait_until(&link->lock, &link->changed, &deadline);
    if (rc)
        pinion__log(PINION_LOG_ERROR, "pubsub nats: the client library does not let go of a connection");
    pinion__unlock(&link->lock);
}

static void close_connection(struct pinion_broker *broker)
{
    struct nats_link *link = link_of(broker);
    if (!link->connection) {
        listen_to_errors(link, false);
        return;
    }
    natsConnection_Close(link->connection);
    pinion__map_each(&link->subscriptions.map, destroy_subscription, NULL);
    forget_subscriptions(link);
    await_silence(link);
    natsConnection_Destroy(link->connection);
    link->connection = NULL;
    listen_to_errors(link, false);
}

static void free_link(struct pinion_broker *broker)
{
    struct nats_link *link = link_of(broker);
    pinion__topics_release(&link->subscriptions);
    pthread_cond_destroy(&link->changed);
    pinion__lock_destroy(&link->lock);
    free(link);
}

static const struct pinion_link_ops ops = {
    .name = "nats",
    .open = open_connection,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .largest = largest,
    .ask = ask,
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
    if (!rc && !(link->ear = ear_new())) {
        pinion__broker_release(&link->broker);
        rc = PINION_ENOMEM;
    }
    if (!rc && *link->broker.url.path) {
        pinion__broker_release(&link->broker);
        rc = pinion__fail(PINION_EINVAL, "pubsub: the URL has a path, which NATS does not use");
    }
    if (rc) {
        free(link);
        return rc;
    }
    pinion__lock_init(&link->lock, PINION_RANK_LINK);
    pinion__condition_init(&link->changed);
    pinion__topics_init(&link->subscriptions);
    *out = &link->broker.base;
    return 0;
}
