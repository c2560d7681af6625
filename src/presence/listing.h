/* Presences in the form that clients get: {key: {"metas": [{..., "phx_ref": ref}, ...]}, ...}.
 *
 * The same code writes the text twice: first to count its bytes, then into a payload of that size. */
#ifndef PINION_PRESENCE_LISTING_H
#define PINION_PRESENCE_LISTING_H

#include "presence/batch.h"
#include "presence/state.h"
#include <pinion/payload.h>

/* All presences of a topic; {} for NULL. All of these functions return poison when out of memory. */
pinion_payload *pinion__presence_list_topic(const struct pinion_presence_topic *topic);

/* The presences under one key: alone ({"metas": [...]}), or, if `named`, as a list of one key. The key must
 * have an entry. */
pinion_payload *pinion__presence_list_key(const struct pinion_presence_topic *topic, struct pinion_slice key,
                                          bool named);

/* The joins or leaves that are newer than this version. */
pinion_payload *pinion__presence_list_changes(const struct pinion_presence_changes *changes, uint64_t known);

/* {"joins": joins, "leaves": leaves}. Consumes both. Poison if one of them is. */
pinion_payload *pinion__presence_join_lists(pinion_payload *joins, pinion_payload *leaves);

#endif
