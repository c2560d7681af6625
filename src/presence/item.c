#include "presence/item.h"
#include "base/log.h"
#include "proto/json_scan.h"
#include "proto/utf8.h"

static bool is_name(struct pinion_slice name)
{
    return name.len <= PINION_PRESENCE_NAME_MAX && pinion__utf8_valid(name.ptr, name.len);
}

/* It is compact, so that members can be added before its last byte when it is sent. */
static bool is_object(struct pinion_slice text)
{
    struct pinion_json_value value;
    return text.len > 0 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}' &&
           pinion__json_scan(text, &value) == 0 && !value.spaced;
}

int pinion__presence_item_check(const struct pinion_presence_item *item)
{
    if (item->topic.len == 0 || !is_name(item->topic))
        return pinion__fail(PINION_EINVAL, "a presence's topic is not UTF-8 of 1 to 255 bytes");
    if (!is_name(item->key))
        return pinion__fail(PINION_EINVAL, "a presence's key is not UTF-8 of at most 255 bytes");
    if (item->meta.len > PINION_PRESENCE_META_MAX)
        return pinion__fail(PINION_ETOOBIG, "a presence's meta has more than %d bytes",
                            PINION_PRESENCE_META_MAX);
    if (!is_object(item->meta))
        return pinion__fail(PINION_EINVAL, "a presence's meta is not a compact JSON object");
    return 0;
}
