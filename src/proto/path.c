#include "proto/path.h"

struct pinion_slice pinion__path_segment(struct pinion_slice *rest)
{
    size_t start = 0, end;
    while (start < rest->len && rest->ptr[start] == '/')
        start++;
    for (end = start; end < rest->len && rest->ptr[end] != '/'; end++)
        ;
    struct pinion_slice segment = pinion__slice(rest->ptr + start, end - start);
    *rest = pinion__slice(rest->ptr + end, rest->len - end);
    return segment;
}

bool pinion__path_skip(struct pinion_slice *path, const char *prefix)
{
    struct pinion_slice rest = *path, wanted = pinion__slice_str(prefix), segment;
    while ((segment = pinion__path_segment(&wanted)).len > 0) {
        if (!pinion__slice_eq(pinion__path_segment(&rest), segment))
            return false;
    }
    *path = rest;
    return true;
}

bool pinion__path_is(struct pinion_slice path, const char *other)
{
    return pinion__path_skip(&path, other) && pinion__path_segment(&path).len == 0;
}
