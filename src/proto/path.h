/* Paths of requests, segment by segment and not decoded. As in Phoenix, what is empty between two slashes or
 * after the last one is no segment: "//socket/websocket/" is "/socket/websocket". Clients that put a base and
 * a path together send such paths. */
#ifndef PINION_PROTO_PATH_H
#define PINION_PROTO_PATH_H

#include "base/slice.h"

/* Take the segments of `prefix` off the front of *path. False, and *path is as it was: it does not begin with
 * them. */
bool pinion__path_skip(struct pinion_slice *path, const char *prefix);

/* True when both have the same segments. */
bool pinion__path_is(struct pinion_slice path, const char *other);

#endif
