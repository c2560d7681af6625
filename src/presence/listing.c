#include "presence/listing.h"
#include "proto/json_scan.h"
#include "proto/payload.h"

/* ---- writing ---- */

struct writer {
    char *at; /* NULL: only count */
    size_t len;
};

static void put(struct writer *out, const char *bytes, size_t len)
{
    if (out->at) {
        memcpy(out->at, bytes, len);
        out->at += len;
    }
    out->len += len;
}

static void put_text(struct writer *out, const char *text)
{
    put(out, text, strlen(text));
}

/* Write `"key":`, after a comma if it is not the first. */
static void put_name(struct writer *out, struct pinion_slice key)
{
    size_t len = pinion__json_quoted_len(key);
    if (out->len > 1)
        put_text(out, ",");
    if (out->at)
        out->at = pinion__json_quote(out->at, key);
    out->len += len;
    put_text(out, ":");
}

/* Write the meta with its ref, after a comma if it is not the first of its key. */
static void put_meta(struct writer *out, struct pinion_slice meta, const char *ref, bool first)
{
    if (!first)
        put_text(out, ",");
    put(out, meta.ptr, meta.len - 1);
    put_text(out, meta.len > 2 ? ",\"phx_ref\":\"" : "\"phx_ref\":\"");
    put(out, ref, PINION_PRESENCE_REF_LEN);
    put_text(out, "\"}");
}

/* Make a payload of what `write` writes, in both passes. */
static pinion_payload *written(void (*write)(struct writer *out, const void *what), const void *what)
{
    struct writer out = { NULL, 0 };
    write(&out, what);
    pinion_payload *payload = pinion__payload_reserve(out.len, &out.at);
    out.len = 0;
    if (out.at)
        write(&out, what);
    return payload;
}

/* ---- entries ---- */

static void put_entries(struct writer *out, const struct pinion_presence_entry *entry)
{
    put_text(out, "{\"metas\":[");
    for (bool first = true; entry; entry = pinion__presence_next_of_key(entry), first = false) {
        char ref[PINION_PRESENCE_REF_LEN + 1];
        pinion__presence_ref(entry, ref);
        put_meta(out, pinion__presence_meta(entry), ref, first);
    }
    put_text(out, "]}");
}

static void put_topic(struct writer *out, const void *what)
{
    const struct pinion_presence_topic *topic = what;
    const struct pinion_presence_entry *entry = topic ? pinion__presence_first(topic) : NULL;
    put_text(out, "{");
    for (; entry; entry = pinion__presence_next(entry)) {
        if (!pinion__presence_is_first_of_key(entry))
            continue;
        put_name(out, pinion__presence_key(entry));
        put_entries(out, entry);
    }
    put_text(out, "}");
}

pinion_payload *pinion__presence_list_topic(const struct pinion_presence_topic *topic)
{
    return written(put_topic, topic);
}

static void put_key(struct writer *out, const void *what)
{
    put_entries(out, what);
}

static void put_named_key(struct writer *out, const void *what)
{
    put_text(out, "{");
    put_name(out, pinion__presence_key(what));
    put_entries(out, what);
    put_text(out, "}");
}

pinion_payload *pinion__presence_list_key(const struct pinion_presence_topic *topic, struct pinion_slice key,
                                          bool named)
{
    return written(named ? put_named_key : put_key, pinion__presence_get(topic, key));
}

/* ---- changes ---- */

struct newer {
    const struct pinion_presence_changes *changes;
    uint64_t than;
};

/* This change, or the next one of its key that is newer than `known`; NULL: there is none. */
static const struct pinion_presence_change *newer_one(const struct pinion_presence_change *change,
                                                      uint64_t than)
{
    while (change && change->version <= than)
        change = pinion__presence_change_next(change);
    return change;
}

static void put_changes_of_key(struct writer *out, const struct pinion_presence_change *change, uint64_t than)
{
    put_name(out, pinion__presence_change_key(change));
    put_text(out, "{\"metas\":[");
    for (bool first = true; change; first = false) {
        put_meta(out, pinion__presence_change_meta(change), change->ref, first);
        change = newer_one(pinion__presence_change_next(change), than);
    }
    put_text(out, "]}");
}

static void put_changes(struct writer *out, const void *what)
{
    const struct newer *newer = what;
    put_text(out, "{");
    PINION_LIST_FOREACH (node, &newer->changes->all) {
        const struct pinion_presence_change *change = pinion__presence_change_at(node);
        if (!pinion__multimap_is_first(&change->by_name))
            continue;
        change = newer_one(change, newer->than);
        if (change)
            put_changes_of_key(out, change, newer->than);
    }
    put_text(out, "}");
}

pinion_payload *pinion__presence_list_changes(const struct pinion_presence_changes *changes, uint64_t known)
{
    const struct newer newer = { .changes = changes, .than = known };
    return written(put_changes, &newer);
}

/* ---- a diff ---- */

struct lists {
    struct pinion_slice joins;
    struct pinion_slice leaves;
};

static void put_lists(struct writer *out, const void *what)
{
    const struct lists *lists = what;
    put_text(out, "{\"joins\":");
    put(out, lists->joins.ptr, lists->joins.len);
    put_text(out, ",\"leaves\":");
    put(out, lists->leaves.ptr, lists->leaves.len);
    put_text(out, "}");
}

pinion_payload *pinion__presence_join_lists(pinion_payload *joins, pinion_payload *leaves)
{
    struct lists lists;
    lists.joins.ptr = pinion_payload_bytes(joins, &lists.joins.len);
    lists.leaves.ptr = pinion_payload_bytes(leaves, &lists.leaves.len);
    pinion_payload *diff =
        lists.joins.ptr && lists.leaves.ptr ? written(put_lists, &lists) : pinion_payload_json(NULL);
    pinion_payload_unref(joins);
    pinion_payload_unref(leaves);
    return diff;
}
