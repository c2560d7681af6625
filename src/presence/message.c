#include "presence/message.h"
#include "base/log.h"
#include "presence/clock.h"
#include "proto/varint.h"
#include <assert.h>

/* ---- reading: the parts of messages ---- */

static int malformed(const char *why)
{
    return pinion__fail(PINION_EPROTO, "a presence message is malformed: %s", why);
}

static int read_byte(struct pinion_slice *in, uint8_t *byte)
{
    if (in->len == 0)
        return PINION_EPROTO;
    *byte = (uint8_t)*in->ptr;
    *in = pinion__slice(in->ptr + 1, in->len - 1);
    return 0;
}

static int read_bytes(struct pinion_slice *in, uint64_t len, struct pinion_slice *bytes)
{
    if (len > in->len)
        return PINION_EPROTO;
    *bytes = pinion__slice(in->ptr, len);
    *in = pinion__slice(in->ptr + len, in->len - len);
    return 0;
}

static int read_name(struct pinion_slice *in, struct pinion_slice *name)
{
    uint8_t len;
    int rc = read_byte(in, &len);
    return rc ? rc : read_bytes(in, len, name);
}

/* Read the number of an operation, relative to `base`. It is at most `max`, which is
 * PINION_PRESENCE_CLOCK_MAX or less. */
static int read_number(struct pinion_slice *in, uint64_t base, uint64_t max, uint64_t *number)
{
    uint64_t difference;
    int rc = pinion__varint_read(in, &difference);
    if (!rc && (base > max || difference > max - base))
        rc = PINION_EPROTO;
    if (!rc)
        *number = base + difference;
    return rc;
}

static int read_replica(struct pinion_slice *in, struct pinion_slice *node, uint64_t *incarnation)
{
    int rc = read_name(in, node);
    if (!rc)
        rc = read_number(in, 0, PINION_PRESENCE_CLOCK_MAX, incarnation);
    return !rc && (node->len == 0 || *incarnation == 0) ? PINION_EPROTO : rc;
}

/* Read a clock, which must be above the last one. */
static int read_clock(struct pinion_slice *in, uint64_t *last, uint64_t max)
{
    uint64_t clock;
    int rc = read_number(in, *last, max, &clock);
    if (!rc && clock == *last)
        rc = PINION_EPROTO;
    if (!rc)
        *last = clock;
    return rc;
}

static int read_topic(struct pinion_slice *in, size_t *topics, size_t *number, struct pinion_slice *name)
{
    uint64_t read;
    int rc = pinion__varint_read(in, &read);
    if (rc || read > *topics)
        return PINION_EPROTO;
    *number = read;
    *name = pinion__slice(NULL, 0);
    if (read < *topics)
        return 0;
    ++*topics;
    return read_name(in, name);
}

static int read_entry(struct pinion_presence_entries *entries, uint64_t max, size_t *topic,
                      struct pinion_presence_item *item)
{
    struct pinion_slice *in = &entries->rest;
    uint64_t meta_len = 0;
    int rc = read_clock(in, &entries->last, max);
    if (!rc)
        rc = read_topic(in, &entries->topics, topic, &item->topic);
    if (!rc)
        rc = read_name(in, &item->key);
    if (!rc)
        rc = pinion__varint_read(in, &item->id);
    if (!rc)
        rc = pinion__varint_read(in, &meta_len);
    return rc ? rc : read_bytes(in, meta_len, &item->meta);
}

/* ---- reading: bodies ---- */

static int read_range(struct pinion_slice *in, uint64_t max, struct pinion_presence_message *message)
{
    int rc = read_number(in, 0, max, &message->from);
    if (!rc)
        rc = read_number(in, message->from, max, &message->to);
    return rc ? malformed("which operations it is of") : 0;
}

/* Each removal is an operation, which comes after the one that made the removed entry. */
static int read_removals(struct pinion_slice *in, struct pinion_presence_message *message)
{
    const char *start;
    uint64_t last = 0, left = 0;
    int rc = pinion__varint_read(in, &left);
    start = in->ptr;
    if (!rc && left > message->to - message->from)
        rc = PINION_EPROTO;
    message->removal_count = left;
    for (; !rc && left > 0; left--)
        rc = read_clock(in, &last, message->to - 1);
    message->removals = pinion__slice(start, (size_t)(in->ptr - start));
    return rc ? malformed("its removals") : 0;
}

/* Check an entry. If its topic was named before, a valid name is used in place of the topic's. */
static bool is_good(const struct pinion_presence_entries *before, const struct pinion_presence_entries *after,
                    struct pinion_presence_item item)
{
    if (after->topics == before->topics)
        item.topic = pinion__slice("-", 1);
    return pinion__presence_item_check(&item) == 0;
}

static int read_entries(struct pinion_slice *in, struct pinion_presence_message *message)
{
    struct pinion_presence_entries entries = { .last = message->from };
    uint64_t left = 0;
    int rc = pinion__varint_read(in, &left);
    if (!rc && left > message->to - message->from - message->removal_count)
        rc = PINION_EPROTO;
    message->entry_count = left;
    entries.rest = message->entries = *in;
    for (; !rc && left > 0; left--) {
        struct pinion_presence_entries before = entries;
        struct pinion_presence_item item = { 0 };
        size_t topic;
        rc = read_entry(&entries, message->to, &topic, &item);
        if (!rc && !is_good(&before, &entries, item))
            return PINION_EPROTO;
    }
    message->topic_count = entries.topics;
    message->entries.len -= entries.rest.len;
    *in = entries.rest;
    return rc ? malformed("its entries") : 0;
}

static int read_delta(struct pinion_slice *in, struct pinion_presence_message *message)
{
    int rc = read_range(in, PINION_PRESENCE_CLOCK_MAX, message);
    if (!rc)
        rc = read_removals(in, message);
    return rc ? rc : read_entries(in, message);
}

static int read_state(struct pinion_slice *in, struct pinion_presence_message *message)
{
    int rc = read_number(in, 0, PINION_PRESENCE_CLOCK_MAX, &message->at);
    if (rc)
        return malformed("which operation it is as of");
    rc = read_range(in, message->at, message);
    return rc ? rc : read_entries(in, message);
}

static int read_request(struct pinion_slice *in, struct pinion_presence_message *message)
{
    int rc = read_replica(in, &message->asked, &message->asked_incarnation);
    if (!rc)
        rc = read_number(in, 0, PINION_PRESENCE_CLOCK_MAX, &message->known);
    return rc ? malformed("what it asks for") : 0;
}

static int read_body(struct pinion_slice *in, struct pinion_presence_message *message)
{
    switch (message->kind) {
    case PINION_PRESENCE_DELTA:
        return read_delta(in, message);
    case PINION_PRESENCE_STATE:
        return read_state(in, message);
    case PINION_PRESENCE_REQUEST:
        return read_request(in, message);
    }
    return malformed("of no known kind");
}

int pinion__presence_message_read(struct pinion_slice bytes, struct pinion_presence_message *out)
{
    struct pinion_presence_message message = { 0 };
    uint8_t version = 0, kind = 0;
    if (read_byte(&bytes, &version) || read_byte(&bytes, &kind))
        return malformed("cut off");
    if (version != PINION_PRESENCE_VERSION)
        return pinion__fail(PINION_ENOTSUP, "a presence message is of version %u, not %u", version,
                            PINION_PRESENCE_VERSION);
    if (read_replica(&bytes, &message.node, &message.incarnation))
        return malformed("who sends it");
    message.kind = (enum pinion_presence_kind)kind;
    int rc = read_body(&bytes, &message);
    if (!rc && bytes.len > 0)
        rc = malformed("more follows");
    if (!rc)
        *out = message;
    return rc;
}

/* ---- walking ---- */

bool pinion__presence_removals_next(struct pinion_presence_removals *removals, uint64_t *clock)
{
    if (removals->rest.len == 0)
        return false;
    int rc = read_clock(&removals->rest, &removals->last, PINION_PRESENCE_CLOCK_MAX);
    assert(rc == 0);
    *clock = removals->last;
    return rc == 0;
}

bool pinion__presence_entries_next(struct pinion_presence_entries *entries, uint64_t *clock, size_t *topic,
                                   struct pinion_presence_item *item)
{
    if (entries->rest.len == 0)
        return false;
    int rc = read_entry(entries, PINION_PRESENCE_CLOCK_MAX, topic, item);
    assert(rc == 0);
    *clock = entries->last;
    return rc == 0;
}

/* ---- writing ---- */

int pinion__presence_put_name(struct pinion_buf *out, struct pinion_slice name)
{
    int rc = pinion__buf_append_char(out, (char)name.len);
    return rc ? rc : pinion__buf_append(out, name.ptr, name.len);
}

int pinion__presence_put_head(struct pinion_buf *out, enum pinion_presence_kind kind,
                              struct pinion_slice node, uint64_t incarnation)
{
    const char start[] = { PINION_PRESENCE_VERSION, (char)kind };
    int rc = pinion__buf_append(out, start, sizeof start);
    if (!rc)
        rc = pinion__presence_put_name(out, node);
    return rc ? rc : pinion__varint_append(out, incarnation);
}

int pinion__presence_put_removals(struct pinion_buf *out, const uint64_t *clocks, size_t count)
{
    int rc = pinion__varint_append(out, count);
    for (size_t i = 0; !rc && i < count; i++)
        rc = pinion__varint_append(out, i ? clocks[i] - clocks[i - 1] : clocks[i]);
    return rc;
}

int pinion__presence_put_entry(struct pinion_buf *out, uint64_t clock, uint64_t topic,
                               const struct pinion_presence_item *item)
{
    int rc = pinion__varint_append(out, clock);
    if (!rc)
        rc = pinion__varint_append(out, topic);
    if (!rc && item->topic.len)
        rc = pinion__presence_put_name(out, item->topic);
    if (!rc)
        rc = pinion__presence_put_name(out, item->key);
    if (!rc)
        rc = pinion__varint_append(out, item->id);
    if (!rc)
        rc = pinion__varint_append(out, item->meta.len);
    return rc ? rc : pinion__buf_append(out, item->meta.ptr, item->meta.len);
}
