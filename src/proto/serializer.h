/* Which serializer a client gets. */
#ifndef PINION_PROTO_SERIALIZER_H
#define PINION_PROTO_SERIALIZER_H

#include "base/slice.h"
#include <pinion/serializer.h>

/* Those of pinion_serializer_v1() and _v2(). A program does not see them: the linker would copy them into it,
 * as long as they were when it was built. */
extern const struct pinion_serializer pinion__serializer_v1;
extern const struct pinion_serializer pinion__serializer_v2;

/* The serializer for the connect parameter `vsn`: of `own` (NULL: none) the first whose version it is, and
 * then 1.0.x give V1, 2.0.x V2 (semantic versions, matched as Elixir's Version.match? does with
 * "~> 2.0.0": 2.0.0-rc.1, which precedes 2.0.0, is not one). An empty slice (absent) is 1.0.0. NULL for
 * anything else. */
const struct pinion_serializer *pinion__serializer_find(struct pinion_slice vsn,
                                                        const pinion_serializer_route *own);

/* True when the vsn of a pinion_serializer_route is "major.minor". */
bool pinion__version_valid(const char *version);

#endif
