/* What an application lists as allowed: origins and patterns of origins. These are read more strictly than
 * what clients send: a pattern that can never match, or that matches more than it seems to say, is
 * refused. */
#ifndef PINION_PROTO_ORIGIN_PATTERN_H
#define PINION_PROTO_ORIGIN_PATTERN_H

#include "proto/origin.h"
#include <stdbool.h>

#define PINION_ORIGIN_WHY 320

/* Read "scheme://host[:port]" or "//host[:port]". "*." may precede the host. Returns false when the text is
 * not a pattern; `why` then says what to write instead. */
bool pinion__origin_pattern_read(struct pinion_slice text, struct pinion_origin *pattern,
                                 char why[PINION_ORIGIN_WHY]);

#endif
