/* The other nodes on a broker. Each node sends a notice every second, on one subject for all clusters of a
 * prefix. So a node notices that its name is taken, that another cluster is there, and that a node has gone.
 * After an outage, messages wait for the nodes that were there before. */
#include "base/clock.h"
#include "pubsub/broker_int.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_PATIENCE_MS 1000 /* for an answer of the node that has this node's name */
#define HOLD_MS          4000 /* for nodes that were there before an outage: twice their wait between attempts */

bool pinion__broker_may_say(struct pinion_said *said)
{
    uint64_t now = pinion__clock_ms(), at = atomic_load(&said->at);
    return (at == 0 || now - at >= 60000) && atomic_compare_exchange_strong(&said->at, &at, now);
}

void pinion__broker_own_subject(const struct pinion_broker *broker, char out[PINION_SUBJECT_MAX])
{
    (void)pinion__subject(out, broker->state->base, PINION_SUBJECT_NODE, broker->state->node);
}

/* ---- nodes under one supervisor ---- */

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; *text; text++) /* FNV-1a */
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* The children of a supervisor have its notification socket, which has an abstract name, and the same parent.
 * It may replace one by another of the same name while the first still serves. (systemd's own abstract name
 * is a path.) */
uint64_t pinion__broker_family(void)
{
    char line[64] = "", host[64] = "";
    const char *socket = getenv("NOTIFY_SOCKET");
    if (!socket || socket[0] != '@' || socket[1] == '/')
        return 0;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file && !fgets(line, sizeof line, file))
        line[0] = '\0';
    if (file)
        fclose(file);
    (void)gethostname(host, sizeof host - 1);
    uint64_t hash = mix(mix(mix(UINT64_C(0xcbf29ce484222325), line), host), socket);
    snprintf(line, sizeof line, "%ld", (long)getppid());
    hash = mix(hash, line);
    return hash ? hash : 1;
}

/* ---- sending notices ---- */

static size_t write_notice(struct pinion_broker *broker, unsigned flags, char out[PINION_NOTICE_LENGTH_MAX])
{
    struct pinion_broker_state *state = broker->state;
    const char *cluster = broker->url.cluster ? broker->url.cluster : "";
    return pinion__notice_write(out, &(struct pinion_notice){
                                         .flags = flags | (state->runs ? PINION_NOTICE_RUNS : 0),
                                         .life = state->life,
                                         .born = state->born,
                                         .family = state->family,
                                         .cluster = pinion__slice(cluster, strlen(cluster)),
                                         .node = pinion__slice(state->node, strlen(state->node)),
                                     });
}

static int say(struct pinion_broker *broker, enum pinion_subject kind, const char *name, unsigned flags)
{
    char subject[PINION_SUBJECT_MAX], bytes[PINION_NOTICE_LENGTH_MAX];
    size_t len = write_notice(broker, flags, bytes);
    const char *base = kind == PINION_SUBJECT_NODES ? broker->url.prefix : broker->state->base;
    (void)pinion__subject(subject, base, kind, name);
    return broker->link->publish(broker, PINION_SUBJECT_NODES, subject, bytes, len);
}

static int say_to_all(struct pinion_broker *broker, unsigned flags)
{
    broker->state->noticed = pinion__clock_ms();
    atomic_store(&broker->state->asked, false);
    return say(broker, PINION_SUBJECT_NODES, NULL, flags);
}

void pinion__broker_say_goodbye(struct pinion_broker *broker)
{
    (void)say_to_all(broker, PINION_NOTICE_BYE);
}

/* ---- a name that is taken ---- */

static int name_is_taken(struct pinion_broker *broker)
{
    return pinion__broker_explain(broker, PINION_EADDRINUSE,
                                  "a node named %s runs already: each needs a name of its own",
                                  broker->state->node);
}

/* Wait until the node that has the name answers, or it is known that nobody has it. */
static int await_namesake(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    uint64_t now = pinion__clock_ms(), until = now + NAME_PATIENCE_MS;
    int rc = 0;
    while (!rc && now < until && !state->nobody && !state->namesake) {
        uint64_t count;
        rc = broker->link->wait(broker, state->queue.wake_fd, (int)(until - now));
        ssize_t n = read(state->queue.wake_fd, &count, sizeof count);
        (void)n;
        now = pinion__clock_ms();
    }
    pinion__outgoing_wake(&state->queue);
    return rc;
}

/* A name that was made up is unique. A name that was configured may belong to a running node, which would
 * receive a question on its own subject. A node that has crashed does not count. */
int pinion__broker_claim_name(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    char subject[PINION_SUBJECT_MAX], bytes[PINION_NOTICE_LENGTH_MAX];
    (void)pinion__subject(subject, broker->url.prefix, PINION_SUBJECT_NODES, NULL);
    int rc = broker->link->subscribe(broker, subject);
    if (rc || state->runs || !broker->url.node)
        return rc;
    rc = broker->link->sync(broker);
    if (!rc)
        rc = pinion__broker_check_allowed(broker);
    if (rc)
        return rc;
    size_t len = write_notice(broker, PINION_NOTICE_ASKS, bytes);
    pinion__broker_own_subject(broker, subject);
    rc = broker->link->ask(broker, subject, bytes, len);
    if (rc == PINION_ENOENT)
        return 0;
    if (!rc)
        rc = await_namesake(broker);
    return !rc && state->namesake ? name_is_taken(broker) : rc;
}

/* If two nodes start at once, the one that was born first may have the name. */
static bool goes_before(const struct pinion_broker_state *state, const struct pinion_notice *other)
{
    if (other->flags & PINION_NOTICE_RUNS)
        return true;
    return other->born != state->born ? other->born < state->born : other->life < state->life;
}

static void hear_namesake(struct pinion_broker *broker, const struct pinion_notice *notice)
{
    struct pinion_broker_state *state = broker->state;
    if ((notice->family && notice->family == state->family) || notice->flags & PINION_NOTICE_BYE)
        return; /* a node that this one replaces, or the other way round */
    if (notice->flags & PINION_NOTICE_ASKS)
        atomic_store(&state->asked, true);
    if (!state->runs) {
        if (goes_before(state, notice))
            atomic_store(&state->namesake, true);
    } else if (notice->flags & PINION_NOTICE_RUNS && pinion__broker_may_say(&state->said_namesake)) {
        pinion__log(PINION_LOG_WARNING,
                    "pubsub %s: another node is named %s too, and gets what is for this one: "
                    "each needs a name of its own",
                    broker->link->name, state->node);
    }
    pinion__broker_wake(broker);
}

void pinion__broker_nobody(struct pinion_broker *broker)
{
    atomic_store(&broker->state->nobody, true);
    pinion__broker_wake(broker);
}

/* ---- receiving ---- */

static void tell_change(void *context, const char *node, bool up)
{
    struct pinion_broker *broker = context;
    broker->state->events->node(broker->state->core, node, up);
}

/* If there are other nodes, one of them should have received it. */
void pinion__broker_unheard(struct pinion_broker *broker)
{
    if (pinion__peers_up(&broker->state->peers) > 0)
        pinion__broker_lost(broker, 1);
}

void pinion__broker_missed(struct pinion_broker *broker, const char *subject)
{
    char node[PINION_NODE_MAX + 1];
    if (pinion__subject_node(subject, node))
        pinion__peers_miss(&broker->state->peers, node, tell_change, broker);
}

static bool is_of_this_cluster(struct pinion_broker *broker, const struct pinion_notice *notice)
{
    const char *own = broker->url.cluster ? broker->url.cluster : "";
    if (pinion__slice_is(notice->cluster, own))
        return true;
    if (pinion__broker_may_say(&broker->state->said_cluster))
        pinion__log(
            PINION_LOG_WARNING,
            "pubsub %s: node %.*s of the cluster \"%.*s\" is on the same broker, under the same prefix; "
            "it is ignored: this cluster is \"%s\"",
            broker->link->name, (int)notice->node.len, notice->node.ptr, (int)notice->cluster.len,
            notice->cluster.ptr, own);
    return false;
}

void pinion__broker_hear(struct pinion_broker *broker, const struct pinion_notice *notice)
{
    struct pinion_broker_state *state = broker->state;
    if (notice->life == state->life || !is_of_this_cluster(broker, notice))
        return;
    if (pinion__slice_is(notice->node, state->node)) {
        hear_namesake(broker, notice);
        return;
    }
    pinion__peers_hear(&state->peers, notice, pinion__clock_ms(), tell_change, broker);
    if (notice->flags & PINION_NOTICE_ASKS) {
        atomic_store(&state->asked, true);
        pinion__broker_wake(broker);
    } else if (state->hold_until) {
        pinion__broker_wake(broker);
    }
}

/* ---- as time passes ---- */

/* The connection is new. Messages that reach nobody show whether this user may send them. */
int pinion__broker_greet(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    uint64_t now = pinion__clock_ms();
    int rc = say_to_all(broker, PINION_NOTICE_ASKS);
    if (!rc && !state->runs)
        rc = say(broker, PINION_SUBJECT_ALL, NULL, 0);
    if (!rc && !state->runs)
        rc = say(broker, PINION_SUBJECT_NODE, state->node, 0);
    if (!rc)
        rc = broker->link->sync(broker);
    if (!rc)
        rc = pinion__broker_check_allowed(broker);
    if (!rc && !state->runs && state->namesake)
        rc = name_is_taken(broker);
    pinion__peers_resume(&state->peers, now);
    state->hold_until = pinion__peers_awaited(&state->peers) ? now + HOLD_MS : 0;
    return rc;
}

int pinion__broker_tend(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    uint64_t now = pinion__clock_ms();
    int rc = 0;
    if (state->asked || now - state->noticed >= PINION_PEER_NOTICE_MS)
        rc = say_to_all(broker, 0);
    pinion__peers_check(&state->peers, now, tell_change, broker);
    return rc;
}

static size_t count_waiting(struct pinion_broker_state *state)
{
    size_t count = 0;
    pinion__lock(&state->queue.lock);
    PINION_LIST_FOREACH (node, &state->queue.items) {
        count +=
            PINION_CONTAINER_OF(node, struct pinion_outgoing_item, node)->kind == PINION_OUTGOING_MESSAGE;
    }
    pinion__unlock(&state->queue.lock);
    return count;
}

/* The nodes are back, or their time is over. If no node is there, what waits is sent to nobody. */
static void end_holding(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    size_t missing = pinion__peers_give_up(&state->peers);
    size_t waiting = missing && pinion__peers_up(&state->peers) == 0 ? count_waiting(state) : 0;
    state->hold_until = 0;
    if (waiting)
        pinion__broker_lost(broker, waiting);
    if (missing)
        pinion__log(PINION_LOG_WARNING,
                    "pubsub %s: %zu nodes that were there before the outage are not back; they miss what was "
                    "broadcast in it",
                    broker->link->name, missing);
}

bool pinion__broker_holds(struct pinion_broker *broker)
{
    struct pinion_broker_state *state = broker->state;
    if (!state->hold_until)
        return false;
    if (pinion__peers_awaited(&state->peers) == 0 || pinion__clock_ms() >= state->hold_until)
        end_holding(broker);
    return state->hold_until != 0;
}
