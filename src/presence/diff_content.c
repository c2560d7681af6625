#include "presence/diff_content.h"
#include "base/hash.h"
#include "presence/listing.h"
#include "proto/payload.h"
#include <stdlib.h>

static struct pinion_presence_diff_content *content_of(const struct pinion_versions *versions)
{
    return PINION_CONTAINER_OF(versions, struct pinion_presence_diff_content, versions);
}

/* ---- the result of fetch: its metas are identified by their refs ---- */

/* The change under this key with the ref of this meta; NULL: fetch was not given this meta. */
static const struct pinion_presence_change *change_with(const struct pinion_presence_changes *changes,
                                                        struct pinion_slice key, const json_t *meta)
{
    const char *ref = json_string_value(json_object_get(meta, "phx_ref"));
    struct pinion_multimap_node *first =
        ref ? pinion__multimap_find(&changes->keys, key, pinion__hash(key)) : NULL;
    const struct pinion_presence_change *change =
        first ? PINION_CONTAINER_OF(first, struct pinion_presence_change, by_name) : NULL;
    while (change && strcmp(change->ref, ref) != 0)
        change = pinion__presence_change_next(change);
    return change;
}

/* The metas that are not known. */
static json_t *newer_metas(const struct pinion_presence_changes *changes, struct pinion_slice key,
                           const json_t *metas, uint64_t known)
{
    json_t *newer = json_array(), *meta;
    size_t i;
    json_array_foreach(metas, i, meta)
    {
        const struct pinion_presence_change *change = change_with(changes, key, meta);
        if (!change || change->version > known)
            json_array_append(newer, meta);
    }
    return newer;
}

/* What fetch has made of the joins, or leaves, without what is known. A key of which nothing is left is
 * removed. */
static json_t *newer_of(const struct pinion_presence_changes *changes, const json_t *list, uint64_t known)
{
    json_t *newer = json_object(), *presence;
    const char *key;
    json_object_foreach((json_t *)list, key, presence)
    {
        const json_t *metas = json_object_get(presence, "metas");
        json_t *left = newer_metas(changes, pinion__slice_str(key), metas, known);
        json_t *copy = json_array_size(left) > 0 ? json_copy(presence) : NULL;
        if (copy) {
            json_object_set(copy, "metas", left);
            json_object_set_new(newer, key, copy);
        }
        json_decref(left);
    }
    return newer;
}

/* The payload is shared by loops, but its tree belongs to one loop, so this uses a tree of its own. */
static pinion_payload *rest_of_fetched(const struct pinion_presence_diff_content *content,
                                       pinion_payload *payload, uint64_t known)
{
    pinion_payload *view = pinion__payload_view(payload);
    const json_t *joins = pinion_payload_get(view, "joins"), *leaves = pinion_payload_get(view, "leaves");
    pinion_payload *rest = joins && leaves
                               ? pinion_json("{s:o, s:o}", "joins", newer_of(&content->joins, joins, known),
                                             "leaves", newer_of(&content->leaves, leaves, known))
                               : pinion_payload_json(NULL);
    pinion_payload_unref(view);
    return rest;
}

/* ---- the functions of a broadcast's versions ---- */

static pinion_payload *rest(const struct pinion_versions *versions, pinion_payload *payload, uint64_t known)
{
    const struct pinion_presence_diff_content *content = content_of(versions);
    if (content->fetched)
        return rest_of_fetched(content, payload, known);
    return pinion__presence_join_lists(pinion__presence_list_changes(&content->joins, known),
                                       pinion__presence_list_changes(&content->leaves, known));
}

static void free_content(struct pinion_versions *versions)
{
    pinion__presence_diff_content_free(content_of(versions));
}

static const struct pinion_versions_ops ops = { rest, free_content };

/* ---- life ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Note the versions of these changes. Returns how many there are. */
static size_t number(struct pinion_list *changes, uint64_t *numbers, size_t *bytes)
{
    size_t count = 0;
    PINION_LIST_FOREACH (node, changes) {
        const struct pinion_presence_change *change = pinion__presence_change_at(node);
        numbers[count++] = change->version;
        *bytes += sizeof *change + change->key_len + change->meta_len + sizeof *numbers;
    }
    qsort(numbers, count, sizeof *numbers, by_number);
    return count;
}

static void drop(struct pinion_list *changes)
{
    PINION_LIST_FOREACH_SAFE (node, changes) {
        pinion__list_remove(node);
        free(pinion__presence_change_at(node));
    }
}

struct pinion_presence_diff_content *pinion__presence_diff_content_new(struct pinion_list *changes,
                                                                       const void *source, bool fetched)
{
    size_t count = 0;
    PINION_LIST_FOREACH (node, changes)
        count++;
    struct pinion_presence_diff_content *content = malloc(sizeof *content + count * sizeof *content->numbers);
    if (!content) {
        drop(changes);
        return NULL;
    }
    content->versions = (struct pinion_versions){
        .ops = &ops, .source = source, .numbers = content->numbers, .bytes = sizeof *content
    };
    content->fetched = fetched;
    content->versions.count = number(changes, content->numbers, &content->versions.bytes);
    pinion__presence_changes_init(&content->joins);
    pinion__presence_changes_init(&content->leaves);
    if (pinion__presence_changes_sort(changes, &content->joins, &content->leaves) == 0)
        return content;
    pinion__presence_diff_content_free(content);
    return NULL;
}

void pinion__presence_diff_content_free(struct pinion_presence_diff_content *content)
{
    pinion__presence_changes_release(&content->joins);
    pinion__presence_changes_release(&content->leaves);
    free(content);
}
