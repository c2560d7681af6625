/* An item: a presence as it comes in, from a channel of this node or in a message. The set keeps it as an
 * entry (state.h). */
#ifndef PINION_PRESENCE_ITEM_H
#define PINION_PRESENCE_ITEM_H

#include "base/slice.h"
#include <stdint.h>

#define PINION_PRESENCE_NAME_MAX 255   /* of a node's name, a topic or a key, bytes */
#define PINION_PRESENCE_META_MAX 65535 /* bytes */

/* The bytes are borrowed. Who keeps them makes a copy. */
struct pinion_presence_item {
    struct pinion_slice topic; /* UTF-8, 1 to PINION_PRESENCE_NAME_MAX bytes */
    struct pinion_slice key;   /* UTF-8, at most PINION_PRESENCE_NAME_MAX bytes */
    struct pinion_slice meta;  /* a compact JSON object, at most PINION_PRESENCE_META_MAX bytes */
    uint64_t id;               /* chosen by the caller: which channel of its node */
};

/* Check an item. Browsers get it as it is, and other nodes refuse one that is not valid. Returns 0,
 * PINION_EINVAL, or PINION_ETOOBIG for the meta. pinion_error_detail() says what is wrong. */
int pinion__presence_item_check(const struct pinion_presence_item *item);

#endif
