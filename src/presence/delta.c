/* Operations are written in order. Entries are sorted by their clocks, and removals come from the history;
 * the two are merged. A message ends before the operation that would make it too long, and covers the
 * operations up to there.
 *
 * An entry that was added and removed is written as removed, even if the message for its addition comes
 * before the message for its removal: each message alone tells the receiver something true. */
#include "presence/delta.h"
#include "presence/replica.h"
#include "presence/state_int.h"
#include "proto/varint.h"
#include <pinion/error.h>
#include <stdlib.h>

/* The most bytes of a message without its removals, entries and the node's name; and of an entry. */
#define HEAD_MAX  (3 + 6 * PINION_VARINT_MAX)
#define ENTRY_MAX (2 * (1 + PINION_PRESENCE_NAME_MAX) + 4 * PINION_VARINT_MAX + PINION_PRESENCE_META_MAX)

struct writer {
    struct pinion_presence_state *state;
    const struct pinion_presence_output *out;
    enum pinion_presence_kind kind;
    size_t max;

    /* what must still be written */
    struct pinion_list *entry;
    size_t removal; /* index in the history */
    size_t removals_end;

    /* the message that is being written */
    uint64_t from;
    uint64_t last; /* clock */
    struct pinion_buf entries;
    size_t entry_count;
    uint64_t topics;
    uint64_t *removed;
    size_t removed_count;
    size_t removed_bytes; /* at most */
    struct pinion_buf message;
};

/* ---- one message ---- */

static void begin(struct writer *w, uint64_t from)
{
    w->state->message++;
    w->from = w->last = from;
    w->entries.len = 0;
    w->entry_count = w->topics = w->removed_count = w->removed_bytes = 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static int assemble(struct writer *w, uint64_t to)
{
    const struct pinion_presence_replica *own = w->state->own;
    struct pinion_buf *message = &w->message;
    message->len = 0;
    int rc =
        pinion__presence_put_head(message, w->kind, pinion__presence_replica_name(own), own->incarnation);
    if (!rc && w->kind == PINION_PRESENCE_STATE)
        rc = pinion__varint_append(message, own->known.base);
    if (!rc)
        rc = pinion__varint_append(message, w->from);
    if (!rc)
        rc = pinion__varint_append(message, to - w->from);
    if (!rc && w->kind == PINION_PRESENCE_DELTA)
        rc = pinion__presence_put_removals(message, w->removed, w->removed_count);
    if (!rc)
        rc = pinion__varint_append(message, w->entry_count);
    return rc ? rc : pinion__buf_append(message, w->entries.data, w->entries.len);
}

static int finish(struct writer *w, uint64_t to)
{
    if (w->removed_count > 1)
        qsort(w->removed, w->removed_count, sizeof *w->removed, compare);
    int rc = assemble(w, to);
    if (!rc)
        rc = w->out->emit(w->out->data, pinion__slice(w->message.data, w->message.len));
    if (!rc)
        begin(w, to);
    return rc;
}

static bool too_long(const struct writer *w)
{
    size_t len = HEAD_MAX + w->state->own->name_len + w->removed_bytes + w->entries.len;
    return len > w->max && w->entry_count + w->removed_count > 1;
}

/* ---- operations ---- */

/* Number the topic in this message. Returns true the first time. */
static bool number_topic(struct writer *w, struct pinion_presence_topic *topic)
{
    if (topic->message == w->state->message)
        return false;
    topic->message = w->state->message;
    topic->number = w->topics++;
    return true;
}

static int write_entry(struct writer *w, const struct pinion_presence_entry *entry)
{
    struct pinion_presence_item item = { .key = pinion__presence_key(entry),
                                         .meta = pinion__presence_meta(entry),
                                         .id = entry->id };
    if (number_topic(w, entry->topic))
        item.topic = pinion__presence_topic_name(entry->topic);
    uint64_t difference = entry->clock - w->last;
    w->last = entry->clock;
    w->entry_count++;
    return pinion__presence_put_entry(&w->entries, difference, entry->topic->number, &item);
}

/* Write an entry. If it makes the message too long, it goes into the next one. */
static int tell_entry(struct writer *w, const struct pinion_presence_entry *entry)
{
    size_t before = w->entries.len;
    int rc = write_entry(w, entry);
    if (rc || !too_long(w))
        return rc;
    w->entries.len = before;
    w->entry_count--;
    rc = finish(w, entry->clock - 1);
    return rc ? rc : write_entry(w, entry);
}

static void write_removal(struct writer *w, struct pinion_presence_removal removal)
{
    w->removed[w->removed_count++] = removal.removed;
    w->removed_bytes += pinion__varint_len(removal.removed);
}

static int tell_removal(struct writer *w, struct pinion_presence_removal removal)
{
    write_removal(w, removal);
    if (!too_long(w))
        return 0;
    w->removed_count--;
    int rc = finish(w, removal.number - 1);
    if (!rc)
        write_removal(w, removal);
    return rc;
}

static int tell_next(struct writer *w)
{
    bool has_entry = w->entry != &w->state->own->entries;
    const struct pinion_presence_entry *entry = pinion__presence_entry_in_replica(w->entry);
    if (w->removal < w->removals_end) {
        struct pinion_presence_removal removal = pinion__presence_history_at(&w->state->history, w->removal);
        if (!has_entry || removal.number < entry->clock) {
            w->removal++;
            return tell_removal(w, removal);
        }
    }
    w->entry = w->entry->next;
    return tell_entry(w, entry);
}

static bool has_more(const struct writer *w)
{
    return w->entry != &w->state->own->entries || w->removal < w->removals_end;
}

/* ---- all operations since ---- */

/* The first own entry that was made after this operation. */
static struct pinion_list *first_after(struct pinion_presence_replica *own, uint64_t since)
{
    struct pinion_list *node = &own->entries;
    while (node->prev != &own->entries && pinion__presence_entry_in_replica(node->prev)->clock > since)
        node = node->prev;
    return node;
}

static size_t clamp(size_t max)
{
    if (max == 0)
        return PINION_PRESENCE_MESSAGE_DEFAULT;
    return max < PINION_PRESENCE_MESSAGE_MAX ? max : PINION_PRESENCE_MESSAGE_MAX;
}

static int writer_init(struct writer *w, uint64_t since)
{
    const struct pinion_presence_history *history = &w->state->history;
    bool at_hand = since >= history->since;
    w->kind = at_hand ? PINION_PRESENCE_DELTA : PINION_PRESENCE_STATE;
    since = at_hand ? since : 0;
    w->max = clamp(w->out->max);
    w->entry = first_after(w->state->own, since);
    w->removals_end = history->count;
    w->removal = at_hand ? pinion__presence_history_after(history, since) : w->removals_end;
    pinion__buf_init(&w->entries, w->max + ENTRY_MAX);
    pinion__buf_init(&w->message, w->max + HEAD_MAX + PINION_PRESENCE_NAME_MAX + ENTRY_MAX);
    begin(w, since);
    if (w->removal == w->removals_end)
        return 0;
    w->removed = malloc((w->removals_end - w->removal) * sizeof *w->removed);
    return w->removed ? 0 : PINION_ENOMEM;
}

static void writer_release(struct writer *w)
{
    pinion__buf_release(&w->entries);
    pinion__buf_release(&w->message);
    free(w->removed);
}

/* Write the operations after `since`, in at least one message. *told is set to the last operation that the
 * sent messages cover. */
static int tell_since(struct pinion_presence_state *state, uint64_t since,
                      const struct pinion_presence_output *out, uint64_t *told)
{
    struct writer w = { .state = state, .out = out };
    int rc = writer_init(&w, since);
    while (!rc && has_more(&w))
        rc = tell_next(&w);
    if (!rc)
        rc = finish(&w, state->own->known.base);
    if (!rc || w.kind == PINION_PRESENCE_DELTA)
        *told = w.from;
    writer_release(&w);
    return rc;
}

int pinion__presence_heartbeat(struct pinion_presence_state *state, const struct pinion_presence_output *out)
{
    return tell_since(state, state->sent, out, &state->sent);
}

int pinion__presence_answer(struct pinion_presence_state *state,
                            const struct pinion_presence_message *request,
                            const struct pinion_presence_output *out)
{
    const struct pinion_presence_replica *own = state->own;
    uint64_t told;
    if (!pinion__slice_eq(request->asked, pinion__presence_replica_name(own)) ||
        request->asked_incarnation != own->incarnation || request->known >= own->known.base)
        return 0;
    return tell_since(state, request->known, out, &told);
}

int pinion__presence_request(const struct pinion_presence_replica *replica, struct pinion_buf *out)
{
    const struct pinion_presence_replica *own = replica->state->own;
    int rc = pinion__presence_put_head(out, PINION_PRESENCE_REQUEST, pinion__presence_replica_name(own),
                                       own->incarnation);
    if (!rc)
        rc = pinion__presence_put_name(out, pinion__presence_replica_name(replica));
    if (!rc)
        rc = pinion__varint_append(out, replica->incarnation);
    return rc ? rc : pinion__varint_append(out, replica->known.base);
}
