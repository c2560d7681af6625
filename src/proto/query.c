/* As in Plug, each parameter is decoded first and its name is split afterwards, so %5B nests like [. A name
 * that ends in ']' is a path: a[b][c] has the keys a, b and c. An empty key is an element of an array; the
 * first key is never one.
 *
 * All that is put under one path is one container, even under an empty key: a[][b]=1&a[][c]=2 is one element
 * with two members. The last parameter decides whether it is an object or an array; what was put there of the
 * other kind is dropped. So everything is collected by path first, and the tree is made at the end. */
#include "proto/query.h"
#include "proto/percent.h"
#include "proto/utf8.h"
#include <pinion/error.h>
#include <stdlib.h>

struct path {
    char *keys[PINION_QUERY_DEPTH]; /* terminated; they lie in the decoded name */
    size_t count;
};

static bool add_key(struct path *path, char *key)
{
    if (path->count == PINION_QUERY_DEPTH)
        return false;
    path->keys[path->count++] = key;
    return true;
}

/* Split the decoded name into its keys, in place. */
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

/* ---- the levels ---- */

/* All that was put under one path. Only the end decides whether it is an object or an array, so it keeps
 * both. Until then, a value that is a level itself is the number of that level; all other values are
 * strings. */
struct level {
    json_t *members;
    json_t *elements;
    json_t *children;          /* the numbers of levels by key; a level is made once */
    json_int_t elements_child; /* the number of the level of the empty key; 0: none */
    bool is_array;             /* the last value put here was an element */
};

struct levels {
    struct level *items; /* the first is the whole query */
    size_t count;
    size_t room;
};

#define ROOT 0
#define NONE (-1)

/* Make a level. Returns its number, NONE when out of memory. */
static json_int_t level_new(struct levels *levels)
{
    if (levels->count == levels->room) {
        size_t room = levels->room ? levels->room * 2 : 8;
        struct level *items = realloc(levels->items, room * sizeof *items);
        if (!items)
            return NONE;
        levels->items = items;
        levels->room = room;
    }
    levels->items[levels->count] = (struct level){ .members = NULL };
    return (json_int_t)levels->count++;
}

static void levels_release(struct levels *levels)
{
    for (size_t i = 0; i < levels->count; i++) {
        json_decref(levels->items[i].members);
        json_decref(levels->items[i].elements);
        json_decref(levels->items[i].children);
    }
    free(levels->items);
}

static int set(json_t **object, const char *key, json_t *value)
{
    if (!*object)
        *object = json_object();
    return json_object_set_new_nocheck(*object, key, value) ? PINION_ENOMEM : 0;
}

/* Put a value under a key; the key NULL is the next element. Consumes the reference of value. */
static int put(struct level *level, const char *key, json_t *value)
{
    level->is_array = !key;
    if (key)
        return set(&level->members, key, value);
    if (!level->elements)
        level->elements = json_array();
    return json_array_append_new(level->elements, value) ? PINION_ENOMEM : 0;
}

static int remember(struct level *level, const char *key, json_int_t child)
{
    if (key)
        return set(&level->children, key, json_integer(child));
    level->elements_child = child;
    return 0;
}

/* Go to the level under this key. It is made once, and stays even if another value is put there later. */
static int descend(struct levels *levels, json_int_t *at, const char *key)
{
    struct level *level = &levels->items[*at];
    json_int_t child =
        key ? json_integer_value(json_object_get(level->children, key)) : level->elements_child;
    if (!child) {
        child = level_new(levels);
        level = &levels->items[*at];
        if (child == NONE || put(level, key, json_integer(child)) || remember(level, key, child))
            return PINION_ENOMEM;
    }
    *at = child;
    return 0;
}

/* The first key is a name even if it is empty. */
static const char *key_at(const struct path *path, size_t i)
{
    const char *key = path->keys[i];
    return *key || i == 0 ? key : NULL;
}

static int insert(struct levels *levels, const struct path *path, struct pinion_slice value)
{
    json_int_t at = 0;
    size_t last = path->count - 1;
    for (size_t i = 0; i < last; i++) {
        int rc = descend(levels, &at, key_at(path, i));
        if (rc)
            return rc;
    }
    return put(&levels->items[at], key_at(path, last), json_stringn_nocheck(value.ptr, value.len));
}

/* ---- the tree ---- */

static json_t *take(struct levels *levels, size_t number);

/* The tree of the level that this value names; NULL when it names none. */
static json_t *level_named(struct levels *levels, const json_t *value)
{
    return json_is_integer(value) ? take(levels, (size_t)json_integer_value(value)) : NULL;
}

static json_t *take_elements(struct levels *levels, size_t number)
{
    json_t *elements = levels->items[number].elements;
    levels->items[number].elements = NULL;
    for (size_t i = 0; i < json_array_size(elements); i++) {
        json_t *child = level_named(levels, json_array_get(elements, i));
        if (child)
            json_array_set_new(elements, i, child);
    }
    return elements;
}

static json_t *take_members(struct levels *levels, size_t number)
{
    json_t *members = levels->items[number].members;
    levels->items[number].members = NULL;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        json_t *child = level_named(levels, json_object_iter_value(at));
        if (child)
            json_object_iter_set_new(members, at, child);
    }
    return members;
}

/* Take a level as a tree, with all levels below it. Each level is named in one place at most, so nothing is
 * allocated. */
static json_t *take(struct levels *levels, size_t number)
{
    return levels->items[number].is_array ? take_elements(levels, number) : take_members(levels, number);
}

/* ---- the text ---- */

/* Decode to `out`, and terminate it. */
static long decode(struct pinion_slice text, char *out)
{
    long len = pinion__percent_decode(text, true, out);
    if (len < 0)
        return len;
    out[len] = '\0';
    return pinion__utf8_valid(out, (size_t)len) ? len : PINION_EPROTO;
}

/* The text before the first `stop`, or all of it. *rest is set to the text after it. */
static struct pinion_slice take_until(struct pinion_slice text, char stop, struct pinion_slice *rest)
{
    const char *found = text.len ? memchr(text.ptr, stop, text.len) : NULL;
    size_t len = found ? (size_t)(found - text.ptr) : text.len;
    size_t taken = found ? len + 1 : len;
    *rest = pinion__slice(text.ptr + taken, text.len - taken);
    return pinion__slice(text.ptr, len);
}

/* scratch has room for the parameter and two terminators. */
static int add_parameter(struct levels *levels, struct pinion_slice parameter, char *scratch)
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
    return rc ? rc : insert(levels, &path, pinion__slice(value_start, (size_t)value_len));
}

static int add_parameters(struct levels *levels, struct pinion_slice query, char *scratch)
{
    size_t count = 0;
    while (query.len > 0) {
        struct pinion_slice parameter = take_until(query, '&', &query);
        if (parameter.len == 0)
            continue;
        if (++count > PINION_QUERY_PARAMETERS)
            return PINION_ETOOBIG;
        int rc = add_parameter(levels, parameter, scratch);
        if (rc)
            return rc;
    }
    return 0;
}

int pinion__query_parse(struct pinion_slice query, json_t **out)
{
    struct levels levels = { .count = 0 };
    char *scratch = malloc(query.len + 2);
    int rc = scratch && level_new(&levels) != NONE ? 0 : PINION_ENOMEM;
    if (!rc)
        rc = add_parameters(&levels, query, scratch);
    json_t *tree = rc ? NULL : take(&levels, ROOT);
    if (!rc && !tree && !(tree = json_object())) /* a query without parameters */
        rc = PINION_ENOMEM;
    free(scratch);
    levels_release(&levels);
    if (!rc)
        *out = tree;
    return rc;
}
