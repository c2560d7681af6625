/* The text was checked by the scanner, or written by jansson, so nothing here looks for mistakes. What a
 * client sends is not deep: the scanner limits it. A program's own tree may be. */
#include "proto/json_tree.h"
#include "proto/json_number.h"
#include "proto/json_scan.h"
#include "proto/json_word.h"
#include <stdlib.h>

struct builder {
    const char *at; /* moves forward only */
    const char *end;
    int depth; /* of the containers that are open */
    bool wide;
    char *scratch; /* for names, and for strings with escapes */
    size_t room;   /* of scratch, bytes */
};

static json_t *build_value(struct builder *builder);

static void skip_space(struct builder *builder)
{
    while (builder->at < builder->end && (unsigned char)*builder->at <= ' ')
        builder->at++;
}

/* Move past white space and this character, if it comes next. */
static bool take(struct builder *builder, char c)
{
    skip_space(builder);
    if (*builder->at != c)
        return false;
    builder->at++;
    return true;
}

/* ---- strings ---- */

static bool make_room(struct builder *builder, size_t size)
{
    if (builder->room >= size)
        return true;
    char *scratch = realloc(builder->scratch, size);
    if (!scratch)
        return false;
    builder->scratch = scratch;
    builder->room = size;
    return true;
}

static struct pinion_json_value read_string(struct builder *builder)
{
    const char *start = builder->at;
    builder->at = pinion__json_skip_string(start);
    struct pinion_slice text = pinion__slice(start, (size_t)(builder->at - start));
    return (struct pinion_json_value){
        .text = text,
        .type = PINION_JSON_STRING,
        .escaped = memchr(text.ptr, '\\', text.len) != NULL,
    };
}

/* A slice of the text, or of scratch until that is used again. False: out of memory. */
static bool read_characters(struct builder *builder, struct pinion_slice *chars)
{
    struct pinion_json_value string = read_string(builder);
    if (string.escaped && !make_room(builder, string.text.len))
        return false;
    return pinion__json_unescape(&string, builder->scratch, builder->room, chars) == 0;
}

static json_t *build_string(struct builder *builder)
{
    struct pinion_slice chars;
    return read_characters(builder, &chars) ? json_stringn_nocheck(chars.ptr, chars.len) : NULL;
}

/* ---- scalars ---- */

static json_t *build_number(struct builder *builder)
{
    struct pinion_slice rest = pinion__slice(builder->at, (size_t)(builder->end - builder->at));
    struct pinion_slice number = pinion__json_number_at(rest);
    int64_t integer;
    double real;
    builder->at += number.len;
    switch (pinion__json_read_number(number, &integer, &real)) {
    case PINION_JSON_INTEGER:
        return json_integer(integer);
    case PINION_JSON_WIDE:
        builder->wide = true;
        return json_real(real);
    case PINION_JSON_REAL:
        return json_real(real);
    default:
        return NULL;
    }
}

static json_t *build_word(struct builder *builder, size_t len, json_t *word)
{
    builder->at += len;
    return word;
}

/* ---- containers ---- */

static bool add_element(struct builder *builder, json_t *array)
{
    return json_array_append_new(array, build_value(builder)) == 0;
}

/* The name as jansson takes it: it ends with a NUL. NULL: it cannot be had. */
static const char *end_name(struct builder *builder, const struct pinion_json_value *name)
{
    struct pinion_slice chars;
    if (!make_room(builder, name->text.len))
        return NULL;
    (void)pinion__json_unescape(name, builder->scratch, builder->room, &chars);
    if (pinion__slice_has_nul(chars))
        return NULL;
    memmove(builder->scratch, chars.ptr, chars.len);
    builder->scratch[chars.len] = '\0';
    return builder->scratch;
}

/* The name is taken after the value: the value may need scratch. */
static bool add_member(struct builder *builder, json_t *object)
{
    skip_space(builder);
    struct pinion_json_value name = read_string(builder);
    (void)take(builder, ':');
    json_t *value = build_value(builder);
    const char *key = value ? end_name(builder, &name) : NULL;
    if (key)
        return json_object_set_new_nocheck(object, key, value) == 0;
    json_decref(value);
    return false;
}

static json_t *build_container(struct builder *builder, json_t *container, char closer,
                               bool (*add)(struct builder *builder, json_t *container))
{
    bool whole = container && ++builder->depth <= JSON_PARSER_MAX_DEPTH;
    builder->at++;
    if (!take(builder, closer)) {
        do
            whole = whole && add(builder, container);
        while (whole && take(builder, ','));
        whole = whole && take(builder, closer);
    }
    builder->depth--;
    if (whole)
        return container;
    json_decref(container);
    return NULL;
}

static json_t *build_value(struct builder *builder)
{
    skip_space(builder);
    switch (*builder->at) {
    case '{':
        return build_container(builder, json_object(), '}', add_member);
    case '[':
        return build_container(builder, json_array(), ']', add_element);
    case '"':
        return build_string(builder);
    case 't':
        return build_word(builder, 4, json_true());
    case 'f':
        return build_word(builder, 5, json_false());
    case 'n':
        return build_word(builder, 4, json_null());
    default:
        return build_number(builder);
    }
}

json_t *pinion__json_tree(struct pinion_slice text, bool *wide)
{
    struct builder builder = { .at = text.ptr, .end = text.ptr + text.len };
    json_t *tree = build_value(&builder);
    free(builder.scratch);
    if (wide)
        *wide = builder.wide;
    return tree;
}
