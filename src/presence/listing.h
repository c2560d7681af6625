/* Presences as clients get them: {key: {"metas": [{..., "phx_ref": ref}, ...]}, ...}.
 *
 * The text is written twice, by the same code: to count its bytes, then into a payload of that size.
 */
#ifndef PINION_PRESENCE_LISTING_H
#define PINION_PRESENCE_LISTING_H

#include "presence/batch.h"
#include "presence/state.h"
#include <pinion/payload.h>

/* All of a topic; {} for NULL. Poison when out of memory, as all of these. */
pinion_payload *pinion__presence_list_topic(const struct pinion_presence_topic *topic);

/* What is under one key, by itself ({"metas": [...]}), or as a list of one key (named). The key must have an
 * entry. */
pinion_payload *pinion__presence_list_key(const struct pinion_presence_topic *topic, struct pinion_slice key,
                                          bool named);

/* Joins, or leaves: those that are newer than this version. */
pinion_payload *pinion__presence_list_changes(const struct pinion_presence_changes *changes, uint64_t known);

/* {"joins": joins, "leaves": leaves}. Consumes both; poison if one of them is. */
pinion_payload *pinion__presence_join_lists(pinion_payload *joins, pinion_payload *leaves);

#endif
