/* Query strings: application/x-www-form-urlencoded, with the nesting that Phoenix's clients and servers use
 * (user[name]=x, tags[]=a). */
#ifndef PINION_PROTO_QUERY_H
#define PINION_PROTO_QUERY_H

#include "base/slice.h"
#include <jansson.h>

#define PINION_QUERY_DEPTH      32
#define PINION_QUERY_PARAMETERS 1000

/* The parameters as a JSON object of strings, objects (a[b]=c) and arrays (a[]=b), as in Plug. Of equal names
 * the last counts, even if the type changes: a=1&a[b]=2 is {"a":{"b":"2"}}. A container keeps the place of
 * its first parameter: a[b]=1&a=2&a[c]=3 is {"a":"2"}. All that is put into an element of an array goes into
 * the same one: a[][b]=1&a[][c]=2 is {"a":[{"b":"1","c":"2"}]}. A name without '=' has the value "". '+' is a
 * space, and a '%' that does not begin an escape stays. *out is a new reference. PINION_EPROTO: bytes that
 * decode to a NUL or are not UTF-8; PINION_ETOOBIG: nested deeper than PINION_QUERY_DEPTH, or more parameters
 * than PINION_QUERY_PARAMETERS; PINION_ENOMEM. */
int pinion__query_parse(struct pinion_slice query, json_t **out);

#endif
