/* A topic's presences as a client knows them, from a state, or nothing, and the diffs after it. They are kept
 * like phoenix.js keeps them. A meta that joins must not be there yet, and a meta that leaves must be
 * there. */
#ifndef PINION_FUZZ_CLUSTER_VIEW_H
#define PINION_FUZZ_CLUSTER_VIEW_H

#include "cluster_tracked.h"

struct view {
    unsigned topic;
    bool begun; /* diffs count */
    size_t count;
    json_t *metas[TRACKED_MAX]; /* by number; NULL: it is not there */
};

/* Begin the view of a topic, which must be ended. It is empty. */
void view_begin(struct view *view, unsigned topic);
void view_end(struct view *view);

/* {key: {"metas": [...]}}: replaces everything. */
void view_take_state(struct view *view, const json_t *presences);

/* {"joins": …, "leaves": …} */
void view_take_diff(struct view *view, const json_t *diff);
void view_take_parts(struct view *view, const json_t *joins, const json_t *leaves);

/* The view must have exactly the metas of the list, refs included. */
void view_require(struct view *view, const json_t *presences);

#endif
