/* See cluster_view.h. */
#include "cluster_view.h"
#include "fuzz.h"
#include <string.h>

static const char *ref_of(const json_t *meta)
{
    const char *ref = json_string_value(json_object_get(meta, "phx_ref"));
    REQUIRE(ref);
    return ref;
}

/* ---- one meta, by its number ---- */

static void join(struct view *view, unsigned number, json_t *meta)
{
    REQUIRE(!view->metas[number]);
    view->metas[number] = json_incref(meta);
    view->count++;
}

static void require_there(struct view *view, unsigned number, json_t *meta)
{
    REQUIRE(view->metas[number]);
    REQUIRE(strcmp(ref_of(view->metas[number]), ref_of(meta)) == 0);
}

static void leave(struct view *view, unsigned number, json_t *meta)
{
    require_there(view, number, meta);
    json_decref(view->metas[number]);
    view->metas[number] = NULL;
    view->count--;
}

/* ---- many ---- */

/* Returns how many there are. */
static size_t each(struct view *view, const json_t *presences,
                   void (*take)(struct view *view, unsigned number, json_t *meta))
{
    size_t i, count = 0;
    const char *key;
    json_t *one, *meta;
    json_object_foreach((json_t *)presences, key, one)
    {
        json_array_foreach(json_object_get(one, "metas"), i, meta)
        {
            take(view, tracked_number(meta, view->topic, key), meta);
            count++;
        }
    }
    return count;
}

void view_begin(struct view *view, unsigned topic)
{
    *view = (struct view){ .topic = topic, .begun = true };
}

void view_end(struct view *view)
{
    for (unsigned i = 0; i < TRACKED_MAX; i++)
        json_decref(view->metas[i]);
    memset(view, 0, sizeof *view);
}

void view_take_state(struct view *view, const json_t *presences)
{
    unsigned topic = view->topic;
    view_end(view);
    view_begin(view, topic);
    (void)each(view, presences, join);
}

/* Joins come first, as in phoenix.js. */
void view_take_parts(struct view *view, const json_t *joins, const json_t *leaves)
{
    if (!view->begun)
        return;
    (void)each(view, joins, join);
    (void)each(view, leaves, leave);
}

void view_take_diff(struct view *view, const json_t *diff)
{
    view_take_parts(view, json_object_get(diff, "joins"), json_object_get(diff, "leaves"));
}

void view_require(struct view *view, const json_t *presences)
{
    REQUIRE(each(view, presences, require_there) == view->count);
}
