/* Builds jansson's tree of a JSON text. jansson's own parser is not used: when memory runs out it loses a
 * character of the text and can write beyond a buffer (jansson 2.14); it also reads "-0" as 0, and has no
 * tree for an integer beyond 64 bits. */
#ifndef PINION_PROTO_JSON_TREE_H
#define PINION_PROTO_JSON_TREE_H

#include "base/slice.h"
#include <jansson.h>

/* Build the tree of a text that a function of proto/json_scan.h has accepted, or that jansson has written.
 * "-0" and integers beyond 64 bits become reals; of equal names the last counts. The caller owns the tree.
 *
 * `wide`, if not NULL, is set to whether the text has an integer beyond 64 bits.
 *
 * NULL: out of memory; an integer beyond the range of reals; a name that contains U+0000; more than
 * JSON_PARSER_MAX_DEPTH (2048) containers in each other. */
json_t *pinion__json_tree(struct pinion_slice text, bool *wide);

#endif
