/* Each parameter is decoded first and its name taken apart after that, as Plug does, so %5B nests as [ does.
 * A name that ends in ']' is a path: a[b][c] is the keys a, b and c, and an empty key after the first, which
 * is never empty, is the next element of an array. The walk down that path makes the containers that are
 * missing. */
#include "proto/query.h"
#include "proto/percent.h"
#include "proto/utf8.h"
#include <pinion/error.h>
#include <stdlib.h>

struct path {
    char *keys[PINION_QUERY_DEPTH]; /* terminated, in the decoded name */
    size_t count;
};

static bool add_key(struct path *path, char *key)
{
    if (path->count == PINION_QUERY_DEPTH)
        return false;
    path->keys[path->count++] = key;
    return true;
}

/* Cut the decoded name into its keys, in place. */
static int split_name(char *name, size_t len, struct path *path)
{
    *path = (struct path){ .keys = { name }, .count = 1 };
    char *bracket = len > 0 && name[len - 1] == ']' ? strchr(name, '[') : NULL;
    if (!bracket || bracket == name)
        return 0;
    name[len - 1] = '\0';
    *bracket = '\0';
    char *key = bracket + 1;
    for (char *seam = strstr(key, "]["); seam; seam = strstr(key, "][")) {
        *seam = '\0';
        if (!add_key(path, key))
            return PINION_ETOOBIG;
        key = seam + 2;
    }
    return add_key(path, key) ? 0 : PINION_ETOOBIG;
}

/* Put value, whose reference is consumed, under key. */
static int put(json_t *container, const char *key, json_t *value)
{
    int failed = json_is_array(container) ? json_array_append_new(container, value)
                                          : json_object_set_new_nocheck(container, key, value);
    return failed ? PINION_ENOMEM : 0;
}

/* The container under key that the next key asks for: the one that is there, else a new one in the place of
 * whatever is. Each empty key is an element of its own, so in an array it is always a new one. */
static json_t *descend(json_t *container, const char *key, const char *next_key)
{
    bool want_array = *next_key == '\0';
    json_t *child = json_object_get(container, key);
    if (want_array ? json_is_array(child) : json_is_object(child))
        return child;
    child = want_array ? json_array() : json_object();
    return put(container, key, child) ? NULL : child;
}

static int insert(json_t *parameters, const struct path *path, struct pinion_slice value)
{
    json_t *container = parameters;
    size_t last = path->count - 1;
    for (size_t i = 0; i < last; i++) {
        container = descend(container, path->keys[i], path->keys[i + 1]);
        if (!container)
            return PINION_ENOMEM;
    }
    return put(container, path->keys[last], json_stringn_nocheck(value.ptr, value.len));
}

/* Decode into out and terminate it. */
static long decode(struct pinion_slice text, char *out)
{
    long len = pinion__percent_decode(text, true, out);
    if (len < 0)
        return len;
    out[len] = '\0';
    return pinion__utf8_valid(out, (size_t)len) ? len : PINION_EPROTO;
}

/* What of text lies before the first `stop`, which may be all; what lies behind it goes to *rest. */
static struct pinion_slice take_until(struct pinion_slice text, char stop, struct pinion_slice *rest)
{
    const char *found = text.len ? memchr(text.ptr, stop, text.len) : NULL;
    size_t len = found ? (size_t)(found - text.ptr) : text.len;
    size_t taken = found ? len + 1 : len;
    *rest = pinion__slice(text.ptr + taken, text.len - taken);
    return pinion__slice(text.ptr, len);
}

/* scratch has room for the parameter and two terminators. */
static int add_parameter(json_t *parameters, struct pinion_slice parameter, char *scratch)
{
    struct pinion_slice value;
    struct pinion_slice name = take_until(parameter, '=', &value);
    long name_len = decode(name, scratch);
    if (name_len < 0)
        return (int)name_len;
    char *value_start = scratch + name_len + 1;
    long value_len = decode(value, value_start);
    if (value_len < 0)
        return (int)value_len;
    struct path path;
    int rc = split_name(scratch, (size_t)name_len, &path);
    return rc ? rc : insert(parameters, &path, pinion__slice(value_start, (size_t)value_len));
}

static int add_parameters(json_t *parameters, struct pinion_slice query, char *scratch)
{
    size_t count = 0;
    while (query.len > 0) {
        struct pinion_slice parameter = take_until(query, '&', &query);
        if (parameter.len == 0)
            continue;
        if (++count > PINION_QUERY_PARAMETERS)
            return PINION_ETOOBIG;
        int rc = add_parameter(parameters, parameter, scratch);
        if (rc)
            return rc;
    }
    return 0;
}

int pinion__query_parse(struct pinion_slice query, json_t **out)
{
    json_t *parameters = json_object();
    char *scratch = malloc(query.len + 2);
    int rc = parameters && scratch ? add_parameters(parameters, query, scratch) : PINION_ENOMEM;
    free(scratch);
    if (rc)
        json_decref(parameters);
    else
        *out = parameters;
    return rc;
}
