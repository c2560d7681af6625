#include "proto/http_range.h"
#include "proto/http1.h"
#include "proto/http1_char.h"
#include <strings.h>

/* The only element of the list behind "bytes=". */
static bool read_only_range(struct pinion_slice value, struct pinion_slice *range)
{
    static const char unit[] = "bytes=";
    struct pinion_slice other;
    if (value.len < sizeof unit || strncasecmp(value.ptr, unit, sizeof unit - 1) != 0)
        return false;
    value = pinion__slice(value.ptr + sizeof unit - 1, value.len - (sizeof unit - 1));
    return pinion__http1_next_element(&value, range) && !pinion__http1_next_element(&value, &other);
}

/* Digits alone. A number that is too large for the type is as good as its largest value: no file is that
 * long. */
static bool read_number(struct pinion_slice digits, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!pinion__http1_is_digit(digits.ptr[i]))
            return false;
        uint64_t digit = (uint64_t)(digits.ptr[i] - '0');
        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    return digits.len > 0;
}

static enum pinion_http_range take_last(uint64_t length, uint64_t size, struct pinion_http_part *part)
{
    if (length == 0)
        return PINION_HTTP_RANGE_OUTSIDE;
    if (size == 0)
        return PINION_HTTP_RANGE_NONE;
    part->length = length < size ? length : size;
    part->first = size - part->length;
    return PINION_HTTP_RANGE_PART;
}

static enum pinion_http_range take_between(uint64_t first, uint64_t last, uint64_t size,
                                           struct pinion_http_part *part)
{
    if (last < first)
        return PINION_HTTP_RANGE_NONE;
    if (first >= size)
        return PINION_HTTP_RANGE_OUTSIDE;
    part->first = first;
    part->length = (last < size ? last + 1 : size) - first;
    return PINION_HTTP_RANGE_PART;
}

enum pinion_http_range pinion__http_range_read(struct pinion_slice value, uint64_t size,
                                               struct pinion_http_part *part)
{
    struct pinion_slice range;
    uint64_t first, last = UINT64_MAX;
    const char *dash = read_only_range(value, &range) ? memchr(range.ptr, '-', range.len) : NULL;
    if (!dash)
        return PINION_HTTP_RANGE_NONE;
    struct pinion_slice before = pinion__slice(range.ptr, (size_t)(dash - range.ptr));
    struct pinion_slice behind = pinion__slice(dash + 1, range.len - before.len - 1);
    if (behind.len > 0 && !read_number(behind, &last))
        return PINION_HTTP_RANGE_NONE;
    if (before.len == 0)
        return behind.len > 0 ? take_last(last, size, part) : PINION_HTTP_RANGE_NONE;
    return read_number(before, &first) ? take_between(first, last, size, part) : PINION_HTTP_RANGE_NONE;
}
