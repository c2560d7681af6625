/* What is tracked, as it comes in: from a channel of this node, or in a message. */
#ifndef PINION_PRESENCE_ITEM_H
#define PINION_PRESENCE_ITEM_H

#include "base/slice.h"
#include <stdint.h>

#define PINION_PRESENCE_NAME_MAX 255   /* bytes of a node's name, of a topic, of a key */
#define PINION_PRESENCE_META_MAX 65535 /* bytes */

/* The bytes are borrowed, and copied where they are kept. */
struct pinion_presence_item {
    struct pinion_slice topic; /* UTF-8, 1 to PINION_PRESENCE_NAME_MAX bytes */
    struct pinion_slice key;   /* UTF-8, at most PINION_PRESENCE_NAME_MAX bytes */
    struct pinion_slice meta;  /* a compact JSON object, at most PINION_PRESENCE_META_MAX */
    uint64_t id;               /* the caller's: which channel of its node */
};

/* Is it such an item? It reaches browsers as it is, and other nodes refuse one that is not. 0, PINION_EINVAL,
 * or PINION_ETOOBIG for the meta; pinion_error_detail() says what is wrong. */
int pinion__presence_item_check(const struct pinion_presence_item *item);

#endif
