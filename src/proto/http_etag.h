/* Entity tags that clients send (RFC 9110 section 8.8.3). */
#ifndef PINION_PROTO_HTTP_ETAG_H
#define PINION_PROTO_HTTP_ETAG_H

#include "base/slice.h"

/* True when the text is an entity tag, strong or weak: "abc" in quotes, or W/ and that. */
bool pinion__http_is_etag(struct pinion_slice text);

/* True when a list has this tag, which is a strong one, or when it is "*". `strong`: a weak tag in the list
 * is never the same. What comes behind something that is not a tag is not read. */
bool pinion__http_etags_have(struct pinion_slice list, struct pinion_slice tag, bool strong);

#endif
