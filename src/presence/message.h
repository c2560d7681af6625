/* The messages between replicas, as bytes. Each is about one replica: that of the node that sends it.
 *
 *   message  = version kind node incarnation body      version and kind are a byte each
 *   delta    = from span removals entries              what happened in the operations from + 1 … from + span
 *   state    = at from span entries                    a part of the state after operation `at`: what was
 * added in from + 1 … from + span and is still there request  = node incarnation known                  asks
 * that node for its operations after `known`
 *
 *   removals = count (clock)                           of removed entries, ascending, each as the difference
 *                                                      to the one before
 *   entries  = count (clock topic key id meta)         ascending by clock, each as the difference to the one
 *                                                      before, the first to `from`
 *   topic    = number [name]                           numbered from 0 in the order of appearance; a new
 * number is followed by its name node, name, key = length (a byte) bytes            meta = length bytes
 *
 * Numbers are varints. A delta without operations is a heartbeat: it says how many operations its sender has
 * made. An entry that was added and removed between `from` and `to` is only in the removals.
 *
 * Reading checks everything (bounds and order of numbers, UTF-8, JSON, nothing left over) before any of it is
 * used, and allocates nothing. */
#ifndef PINION_PRESENCE_MESSAGE_H
#define PINION_PRESENCE_MESSAGE_H

#include "base/buf.h"
#include "presence/item.h"

#define PINION_PRESENCE_VERSION 1

enum pinion_presence_kind {
    PINION_PRESENCE_DELTA = 1,
    PINION_PRESENCE_STATE = 2,
    PINION_PRESENCE_REQUEST = 3,
};

/* A message that was read. The slices point into its bytes. */
struct pinion_presence_message {
    enum pinion_presence_kind kind;
    struct pinion_slice node; /* the sender */
    uint64_t incarnation;
    uint64_t from; /* delta, state: the operations from + 1 … to */
    uint64_t to;
    uint64_t at; /* state */
    size_t removal_count;
    struct pinion_slice removals;
    size_t entry_count;
    struct pinion_slice entries;
    size_t topic_count;
    struct pinion_slice asked; /* request: the node that is asked */
    uint64_t asked_incarnation;
    uint64_t known;
};

/* Read a message. PINION_EPROTO: malformed; PINION_ENOTSUP: another version. pinion_error_detail() says
 * more. */
int pinion__presence_message_read(struct pinion_slice bytes, struct pinion_presence_message *out);

/* ---- walking through a message that was read ---- */

struct pinion_presence_removals {
    struct pinion_slice rest;
    uint64_t last;
};

static inline struct pinion_presence_removals pinion__presence_removals(
    const struct pinion_presence_message *message)
{
    return (struct pinion_presence_removals){ .rest = message->removals };
}

/* The clock of the next removed entry. Returns false when there are no more. */
bool pinion__presence_removals_next(struct pinion_presence_removals *removals, uint64_t *clock);

struct pinion_presence_entries {
    struct pinion_slice rest;
    uint64_t last;
    size_t topics; /* topics that have appeared */
};

static inline struct pinion_presence_entries pinion__presence_entries(
    const struct pinion_presence_message *message)
{
    return (struct pinion_presence_entries){ .rest = message->entries, .last = message->from };
}

/* The next entry: its clock, the number of its topic, and the item. The item's topic is set only in the first
 * entry of a number; numbers below entries->topics have appeared before. Returns false when there are no
 * more. */
bool pinion__presence_entries_next(struct pinion_presence_entries *entries, uint64_t *clock, size_t *topic,
                                   struct pinion_presence_item *item);

/* ---- writing; errors: as pinion__buf_append ---- */

/* Append the head of a message. */
int pinion__presence_put_head(struct pinion_buf *out, enum pinion_presence_kind kind,
                              struct pinion_slice node, uint64_t incarnation);

/* Append a node's name. */
int pinion__presence_put_name(struct pinion_buf *out, struct pinion_slice name);

/* Append clocks, ascending, with their count. */
int pinion__presence_put_removals(struct pinion_buf *out, const uint64_t *clocks, size_t count);

/* Append an entry; `clock` is the difference to the one before. The item's topic is written if it is not
 * empty. */
int pinion__presence_put_entry(struct pinion_buf *out, uint64_t clock, uint64_t topic,
                               const struct pinion_presence_item *item);

#endif
