/* Paths of requests, by segments, not decoded. As in Phoenix, empty segments are skipped:
 * "//socket/websocket/" is the same as "/socket/websocket". Clients that join a base and a path send such
 * paths. */
#ifndef PINION_PROTO_PATH_H
#define PINION_PROTO_PATH_H

#include "base/slice.h"

/* Take the first segment off the front of *rest. The result is empty when there is none. */
struct pinion_slice pinion__path_segment(struct pinion_slice *rest);

/* Take the segments of `prefix` off the front of *path. Returns false, and leaves *path unchanged, when it
 * does not begin with them. */
bool pinion__path_skip(struct pinion_slice *path, const char *prefix);

/* True when both have the same segments. */
bool pinion__path_is(struct pinion_slice path, const char *other);

#endif
