#include "proto/http_etag.h"

/* Any visible character except the quote, and all that are not ASCII. */
static bool is_inside(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte > ' ' && byte != '"' && byte != 0x7f;
}

/* The length of the tag at the start of the text; 0: there is no tag. */
static size_t tag_length(struct pinion_slice text)
{
    bool weak = text.len >= 2 && text.ptr[0] == 'W' && text.ptr[1] == '/';
    size_t at = weak ? 2 : 0;
    if (at >= text.len || text.ptr[at] != '"')
        return 0;
    for (at++; at < text.len && is_inside(text.ptr[at]); at++)
        ;
    return at < text.len && text.ptr[at] == '"' ? at + 1 : 0;
}

bool pinion__http_is_etag(struct pinion_slice text)
{
    return text.len > 0 && tag_length(text) == text.len;
}

static struct pinion_slice skip(struct pinion_slice text, size_t len)
{
    return pinion__slice(text.ptr + len, text.len - len);
}

/* Elements may be empty. */
static struct pinion_slice skip_to_element(struct pinion_slice list)
{
    size_t at = 0;
    while (at < list.len && (list.ptr[at] == ',' || list.ptr[at] == ' ' || list.ptr[at] == '\t'))
        at++;
    return skip(list, at);
}

static bool is_same(struct pinion_slice found, struct pinion_slice tag, bool strong)
{
    if (!strong && found.ptr[0] == 'W')
        found = skip(found, 2);
    return pinion__slice_eq(found, tag);
}

/* A comma is allowed in a tag, so the list cannot be split at commas. */
bool pinion__http_etags_have(struct pinion_slice list, struct pinion_slice tag, bool strong)
{
    if (pinion__slice_is(list, "*"))
        return true;
    for (list = skip_to_element(list); list.len > 0; list = skip_to_element(list)) {
        size_t len = tag_length(list);
        if (len == 0)
            return false;
        if (is_same(pinion__slice(list.ptr, len), tag, strong))
            return true;
        list = pinion__slice_trim(skip(list, len));
        if (list.len > 0 && list.ptr[0] != ',')
            return false;
    }
    return false;
}
