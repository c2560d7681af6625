/* What an application lists as allowed: origins, and patterns of them. Stricter than the reading of what
 * clients send: a pattern that can never match, or that matches more than it seems to say, is a mistake. */
#ifndef PINION_PROTO_ORIGIN_PATTERN_H
#define PINION_PROTO_ORIGIN_PATTERN_H

#include "proto/origin.h"
#include <stdbool.h>

#define PINION_ORIGIN_WHY 320

/* Read "scheme://host[:port]" or "//host[:port]", where "*." may stand before the host. False: it is no
 * pattern, and `why` says what to write in its place. */
bool pinion__origin_pattern_read(struct pinion_slice text, struct pinion_origin *pattern,
                                 char why[PINION_ORIGIN_WHY]);

#endif
