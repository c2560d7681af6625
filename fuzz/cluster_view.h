/* What somebody knows of a topic's presences who is told of them as a client is: a state, or nothing, and
 * diffs from then on. It is kept as phoenix.js keeps it; and whoever joins was not there, and whoever leaves
 * was.
 */
#ifndef PINION_FUZZ_CLUSTER_VIEW_H
#define PINION_FUZZ_CLUSTER_VIEW_H

#include "cluster_tracked.h"

struct view {
    unsigned topic;
    bool begun; /* diffs count */
    size_t count;
    json_t *metas[TRACKED_MAX]; /* by number; NULL: it is not there */
};

/* Of a topic, to which nothing belongs yet. It needs an end. */
void view_begin(struct view *view, unsigned topic);
void view_end(struct view *view);

/* {key: {"metas": [...]}}: all there is, in place of what there was. */
void view_take_state(struct view *view, const json_t *presences);

/* {"joins": …, "leaves": …} */
void view_take_diff(struct view *view, const json_t *diff);
void view_take_parts(struct view *view, const json_t *joins, const json_t *leaves);

/* It must have just the metas of the list, refs and all. */
void view_require(struct view *view, const json_t *presences);

#endif
