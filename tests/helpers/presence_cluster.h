/* A cluster whose messages are lost, doubled, late and cut off as a list of operations says. The same list
 * gives the same run, so that a list that fails can be made shorter.
 */
#ifndef TESTS_HELPERS_PRESENCE_CLUSTER_H
#define TESTS_HELPERS_PRESENCE_CLUSTER_H

#include "helpers/presence_nodes.h"
#include "helpers/random.h"
#include "presence/delta.h"
#include "presence/merge.h"

enum { IN_FLIGHT = 4096 };

enum kind {
    TRACK,
    UPDATE,
    UNTRACK,
    HEARTBEAT,
    REQUEST,
    DELIVER,
    DUPLICATE,
    DROP,
    PARTITION,
    DOWN,
    REMOVE,
    CRASH,
    RESTART,
    HEAL,
    KINDS
};

static const char *const kind_names[KINDS] = { "track",   "update",    "untrack", "heartbeat", "request",
                                               "deliver", "duplicate", "drop",    "partition", "down",
                                               "remove",  "crash",     "restart", "heal" };

static const unsigned weights[KINDS] = {
    [TRACK] = 180,   [UPDATE] = 70, [UNTRACK] = 60,   [HEARTBEAT] = 110, [REQUEST] = 40,
    [DELIVER] = 600, [DROP] = 60,   [DUPLICATE] = 40, [PARTITION] = 15,  [DOWN] = 10,
    [REMOVE] = 4,    [CRASH] = 2,   [RESTART] = 5,    [HEAL] = 3,
};

struct operation {
    enum kind kind;
    unsigned node;
    uint32_t a, b, c; /* what it is about, modulo what there is */
};

struct letter {
    unsigned from, to;
    struct pinion_slice bytes;
};

static struct letter letters[IN_FLIGHT];
static size_t letter_count;
static bool cut[NODES][NODES];

/* ---- messages ---- */

struct envelope {
    unsigned from, to; /* to NODES: to all others */
};

static void post(unsigned from, unsigned to, struct pinion_slice bytes)
{
    if (cut[from][to] || letter_count == IN_FLIGHT)
        return;
    char *copy = malloc(bytes.len);
    memcpy(copy, bytes.ptr, bytes.len);
    letters[letter_count++] = (struct letter){ from, to, pinion__slice(copy, bytes.len) };
}

static int emit(void *data, struct pinion_slice bytes)
{
    const struct envelope *envelope = data;
    for (unsigned to = 0; to < NODES; to++) {
        if (to != envelope->from && (envelope->to == to || envelope->to == NODES))
            post(envelope->from, to, bytes);
    }
    return 0;
}

static void send_heartbeat(unsigned from)
{
    struct envelope envelope = { from, NODES };
    struct pinion_presence_output out = { settings.message_max, emit, &envelope };
    must(pinion__presence_heartbeat(nodes[from].state, &out) == 0, "no heartbeat");
}

/* Ask each node that is up and of whom something is lacking. True: there was one. */
static bool send_requests(unsigned from)
{
    const struct pinion_presence_replica *replica = NULL;
    bool lacks = false;
    while ((replica = pinion__presence_replica_next(nodes[from].state, replica))) {
        struct pinion_buf request;
        if (!replica->up || !pinion__presence_replica_lacks(replica))
            continue;
        lacks = true;
        pinion__buf_init(&request, 1000);
        must(pinion__presence_request(replica, &request) == 0, "no request");
        post(from, index_of(pinion__presence_replica_name(replica)),
             pinion__slice(request.data, request.len));
        pinion__buf_release(&request);
    }
    return lacks;
}

/* A message shows that its sender is alive, unless the viewer knows better. */
static void merge(struct node *viewer, const struct pinion_presence_message *message, bool alive)
{
    int rc =
        alive ? pinion__presence_replica_up(viewer->state, message->node, message->incarnation, NULL) : 0;
    must(rc == 0 || rc == PINION_ECLOSED, "a replica did not come up");
    look_at_replica(viewer, index_of(message->node));
    merging = true;
    int merged = pinion__presence_merge(viewer->state, message);
    merging = false;
    must(merged == (rc ? PINION_ENOENT : 0) || (!alive && merged == PINION_ENOENT),
         "a message was not merged");
}

static void receive(const struct letter *letter, bool alive)
{
    struct node *node = &nodes[letter->to];
    struct envelope envelope = { letter->to, letter->from };
    struct pinion_presence_output out = { settings.message_max, emit, &envelope };
    struct pinion_presence_message message;
    if (!node->state || cut[letter->from][letter->to])
        return;
    must(pinion__presence_message_read(letter->bytes, &message) == 0, "a message could not be read");
    if (failure)
        return;
    if (message.kind == PINION_PRESENCE_REQUEST)
        must(pinion__presence_answer(node->state, &message, &out) == 0, "no answer");
    else
        merge(node, &message, alive);
}

/* Which letter comes next: mostly one of the oldest, at times any. */
static size_t pick_letter(const struct operation *op)
{
    size_t among = op->c % 8 && letter_count > 12 ? 12 : letter_count;
    return among ? op->b % among : 0;
}

/* Take a letter out, wherever it lies, and deliver it or not. */
static void take(size_t index, bool and_deliver, bool alive)
{
    struct letter letter = letters[index];
    memmove(letters + index, letters + index + 1, (--letter_count - index) * sizeof *letters);
    if (and_deliver)
        receive(&letter, alive);
    free((char *)letter.bytes.ptr);
}

/* ---- what viewers find out ---- */

static void lose_sight(struct node *viewer, unsigned subject, bool for_good)
{
    char name[16];
    struct pinion_presence_replica *replica =
        pinion__presence_replica_find(viewer->state, name_of("node", subject, name));
    if (!replica || replica == viewer->state->own)
        return;
    if (for_good)
        pinion__presence_replica_remove(replica);
    else
        pinion__presence_replica_down(replica);
    look_at_replica(viewer, subject);
}

/* ---- all is well again ---- */

static void deliver_all(struct random_source *source)
{
    while (letter_count > 0 && !failure)
        take(random_below(source, letter_count), true, true);
}

/* Nobody is heard of for a while; then everybody who lives is, and what is still silent is removed. Late
 * messages arrive before that. */
static void heal(struct random_source *source)
{
    bool lacks = true;
    memset(cut, 0, sizeof cut);
    deliver_all(source);
    for (unsigned i = 0; i < NODES * NODES; i++) {
        if (nodes[i / NODES].state)
            lose_sight(&nodes[i / NODES], i % NODES, false);
    }
    for (int round = 0; lacks && round < 10 && !failure; round++) {
        lacks = false;
        for (unsigned i = 0; i < NODES; i++) {
            if (nodes[i].state)
                send_heartbeat(i);
        }
        deliver_all(source);
        for (unsigned i = 0; i < NODES; i++)
            lacks |= nodes[i].state && send_requests(i);
        deliver_all(source);
    }
    must(!lacks, "something is still lacking");
    for (unsigned i = 0; i < NODES * NODES; i++) {
        if (nodes[i / NODES].state && !nodes[i % NODES].state)
            lose_sight(&nodes[i / NODES], i % NODES, true);
    }
}

/* The viewer lists what the subject tracks, with the same refs. */
static void check_sees(const struct node *viewer, const struct node *subject)
{
    char name[16], here[PINION_PRESENCE_REF_LEN + 1], there[PINION_PRESENCE_REF_LEN + 1];
    const struct pinion_presence_replica *replica = pinion__presence_replica_find(
        viewer->state, name_of("node", index_of(pinion__slice_str(subject->name)), name));
    must(replica && replica->count == subject->tracked_count, "a node does not have what another tracks");
    PINION_LIST_FOREACH (link, replica ? &replica->entries : &subject->state->own->entries) {
        const struct pinion_presence_entry *entry =
            PINION_CONTAINER_OF(link, struct pinion_presence_entry, in_replica);
        char topic[16], key[16];
        const struct made *made = find_made(index_of(pinion__slice_str(subject->name)),
                                            subject->state->own->incarnation, entry->clock);
        const struct pinion_presence_entry *original =
            made ? pinion__presence_tracked(subject->state, made->id, name_of("topic", made->topic, topic),
                                            name_of("key", made->key, key))
                 : NULL;
        must(original && pinion__presence_visible(entry), "a node has what nobody tracks");
        if (!original)
            return;
        pinion__presence_ref(entry, here);
        pinion__presence_ref(original, there);
        must(strcmp(here, there) == 0, "an entry has two refs");
    }
}

static void check_converged(void)
{
    size_t all = 0;
    for (unsigned i = 0; i < NODES; i++)
        all += nodes[i].tracked_count;
    for (unsigned i = 0; i < NODES; i++) {
        if (!nodes[i].state)
            continue;
        check_node(&nodes[i]);
        must(nodes[i].visible == all, "a node does not list just what all track");
        for (unsigned j = 0; j < NODES && !failure; j++) {
            if (nodes[j].state)
                check_sees(&nodes[i], &nodes[j]);
        }
    }
}

static void check_healed(uint64_t seed)
{
    struct random_source source = { seed + 1 };
    heal(&source);
    if (!failure)
        check_converged();
}

/* ---- operations ---- */

static void act(const struct operation *op)
{
    struct node *node = &nodes[op->node];
    bool up = node->state != NULL;
    unsigned other = op->a % NODES;
    size_t letter = pick_letter(op);
    switch (op->kind) {
    case TRACK:
    case UPDATE:
        if (up)
            track(node, op->a % IDS, op->b % TOPICS, op->c % KEYS, op->kind == UPDATE);
        break;
    case UNTRACK:
        if (up)
            untrack(node, op->a % IDS, op->b % (TOPICS + 1), op->c % (KEYS + 1));
        break;
    case HEARTBEAT:
        if (up)
            send_heartbeat(op->node);
        break;
    case REQUEST:
        if (up)
            send_requests(op->node);
        break;
    case DUPLICATE:
        if (letter_count)
            receive(&letters[letter], op->a % 4);
        break;
    case DELIVER:
    case DROP:
        if (letter_count)
            take(letter, op->kind == DELIVER, op->a % 4);
        break;
    case PARTITION:
        cut[op->node][other] = cut[other][op->node] = op->b % 3 == 0;
        break;
    case DOWN:
    case REMOVE:
        if (up)
            lose_sight(node, other, op->kind == REMOVE);
        break;
    case CRASH:
        crash(node);
        break;
    case RESTART:
        if (node->life_count < LIVES) {
            crash(node);
            start(node, new_incarnation(node, op->a % 4 == 0));
        }
        break;
    case HEAL:
        check_healed(op->a);
        break;
    case KINDS:
        break;
    }
}

static void operate(const struct operation *op)
{
    act(op);
    for (unsigned i = 0; i < NODES && !failure; i++)
        check_node(&nodes[i]);
}

static void open_cluster(const struct settings *with)
{
    settings = *with;
    failure = NULL;
    letter_count = metas = 0;
    memset(nodes, 0, sizeof nodes);
    memset(cut, 0, sizeof cut);
    for (unsigned i = 0; i < NODES; i++) {
        name_of("node", i, nodes[i].name);
        start(&nodes[i], 1000);
    }
}

static void close_cluster(void)
{
    while (letter_count > 0)
        free((char *)letters[--letter_count].bytes.ptr);
    for (unsigned i = 0; i < NODES; i++) {
        crash(&nodes[i]);
        while (nodes[i].life_count > 0)
            free(nodes[i].lives[--nodes[i].life_count]);
    }
}

/* Run the operations, then heal. Returns how many went well; the count and no failure when all did. */
static size_t run(const struct operation *ops, size_t count, const struct settings *with)
{
    size_t done = 0;
    open_cluster(with);
    while (done < count && !failure)
        operate(&ops[done++]);
    if (!failure)
        check_healed(99);
    close_cluster();
    return done;
}

#endif
