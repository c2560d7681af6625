/* Finds the serializer for a client. */
#ifndef PINION_PROTO_SERIALIZER_H
#define PINION_PROTO_SERIALIZER_H

#include "base/slice.h"
#include <pinion/serializer.h>

/* The serializers of pinion_serializer_v1() and _v2(). They are not exported: the linker would copy them into
 * the program, with the size they had when it was built. */
extern const struct pinion_serializer pinion__serializer_v1;
extern const struct pinion_serializer pinion__serializer_v2;

/* The serializer for the connect parameter `vsn`: the first of `own` (may be NULL) with that version;
 * otherwise V1 for 1.0.x and V2 for 2.0.x. They are semantic versions, matched like "~> 2.0.0" in Elixir's
 * Version.match?, so 2.0.0-rc.1, which precedes 2.0.0, does not match. An empty slice (the parameter is
 * absent) means 1.0.0. NULL for anything else. */
const struct pinion_serializer *pinion__serializer_find(struct pinion_slice vsn,
                                                        const pinion_serializer_route *own);

/* True when the vsn of a pinion_serializer_route has the form "major.minor". */
bool pinion__version_valid(const char *version);

#endif
