/* The JSON scanner compared with jansson: both accept the same texts and find the same values. What is
 * rewritten (compacted, unescaped, quoted) keeps its meaning. The tree that is built is the one jansson
 * reads.
 *
 * Fuzzes: src/proto/json_scan.c src/proto/json_text.c src/proto/json_tree.c */
#include "fuzz.h"
#include "proto/json_scan.h"
#include "proto/json_tree.h"
#include <jansson.h>

enum verdict {
    ACCEPTED,
    REFUSED,
    UNKNOWN, /* jansson cannot say */
};

static json_t *parse(struct pinion_slice text, size_t flags, json_error_t *error)
{
    return json_loadb(text.ptr, text.len, flags | JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

/* Without INT_AS_REAL, jansson distinguishes a real that is too large, which is always refused, from an
 * integer. */
static bool has_infinite_real(struct pinion_slice text)
{
    json_error_t error;
    json_t *tree = parse(text, 0, &error);
    json_decref(tree);
    return !tree && strstr(error.text, "real number overflow");
}

static enum verdict ask_jansson(struct pinion_slice text, json_t **tree)
{
    json_error_t error;
    *tree = NULL;
    if (text.len && memchr(text.ptr, '\0', text.len))
        return REFUSED; /* jansson 2.14 ignores a NUL after a number or a word */
    *tree = parse(text, JSON_DECODE_INT_AS_REAL, &error);
    if (*tree)
        return ACCEPTED;
    switch (json_error_code(&error)) {
    case json_error_numeric_overflow:
        return has_infinite_real(text) ? REFUSED : UNKNOWN;
    case json_error_null_byte_in_key:
    case json_error_stack_overflow:
        return UNKNOWN;
    default:
        return REFUSED;
    }
}

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t depth_of(json_t *tree)
{
    size_t deepest = 0, i;
    const char *name;
    json_t *child;
    if (!json_is_array(tree) && !json_is_object(tree))
        return 0;
    json_array_foreach(tree, i, child) deepest = greater(deepest, depth_of(child));
    json_object_foreach(tree, name, child) deepest = greater(deepest, depth_of(child));
    return deepest + 1;
}

static enum pinion_json_type type_of(const json_t *tree)
{
    switch (json_typeof(tree)) {
    case JSON_OBJECT:
        return PINION_JSON_OBJECT;
    case JSON_ARRAY:
        return PINION_JSON_ARRAY;
    case JSON_STRING:
        return PINION_JSON_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return PINION_JSON_NUMBER;
    case JSON_NULL:
        return PINION_JSON_NULL;
    default:
        return PINION_JSON_BOOL;
    }
}

/* ---- one value ---- */

static void check_same(struct pinion_slice text, json_t *tree)
{
    json_t *other;
    REQUIRE(ask_jansson(text, &other) == ACCEPTED && json_equal(other, tree));
    json_decref(other);
}

static void check_compact(const struct pinion_json_value *value, json_t *tree)
{
    struct pinion_json_value again;
    char *out = allocate(value->text.len);
    struct pinion_slice compact = pinion__slice(out, (size_t)(pinion__json_compact(out, value->text) - out));
    REQUIRE(value->spaced == (compact.len < value->text.len));
    REQUIRE(pinion__json_scan(compact, &again) == 0);
    REQUIRE(again.type == value->type && !again.spaced && again.escaped == value->escaped);
    if (tree)
        check_same(compact, tree);
    free(out);
}

static void check_quote(struct pinion_slice chars)
{
    struct pinion_json_value again;
    struct pinion_slice same;
    size_t len = pinion__json_quoted_len(chars);
    char *out = allocate(len), *scratch = allocate(chars.len);
    REQUIRE(pinion__json_quote(out, chars) == out + len);
    REQUIRE(pinion__json_scan(pinion__slice(out, len), &again) == 0 && again.type == PINION_JSON_STRING);
    REQUIRE(pinion__json_unescape(&again, scratch, chars.len, &same) == 0);
    REQUIRE(pinion__slice_eq(same, chars));
    free(scratch);
    free(out);
}

static void check_string(const struct pinion_json_value *value, const json_t *tree)
{
    struct pinion_slice expected = pinion__slice(json_string_value(tree), json_string_length(tree));
    struct pinion_slice chars;
    char *scratch = allocate(expected.len);
    REQUIRE(pinion__json_unescape(value, scratch, expected.len, &chars) == 0);
    REQUIRE(pinion__slice_eq(chars, expected));
    check_quote(chars);
    if (value->escaped)
        REQUIRE(pinion__json_unescape(value, scratch, expected.len - 1, &chars) == PINION_ETOOBIG);
    free(scratch);
}

/* tree is NULL if jansson could not say. */
static void check_value(const struct pinion_json_value *value, json_t *tree)
{
    if (tree) {
        REQUIRE(value->type == type_of(tree));
        check_same(value->text, tree);
    }
    if (tree && value->type == PINION_JSON_STRING)
        check_string(value, tree);
    check_compact(value, tree);
}

/* ---- what the scans for messages find ---- */

static void check_array(struct pinion_slice text, bool array, json_t *tree)
{
    struct pinion_json_value elements[3];
    for (size_t want = 0; want <= 3; want++) {
        int rc = pinion__json_scan_array(text, PINION_JSON_DEPTH, elements, want);
        REQUIRE(rc == 0 || rc == PINION_EPROTO);
        REQUIRE(rc == 0 ? array : !array || !tree || json_array_size(tree) < want);
        for (size_t i = 0; rc == 0 && i < want; i++) {
            REQUIRE(lies_in(elements[i].text, text));
            check_value(&elements[i], tree ? json_array_get(tree, i) : NULL);
        }
    }
}

/* Of equal names jansson takes the last, the scanner the first. */
static bool has_equal_names(struct pinion_slice text)
{
    json_error_t error;
    json_t *tree = parse(text, JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);
    json_decref(tree);
    return !tree;
}

static void check_object(struct pinion_slice text, bool object, const json_t *tree)
{
    static const char *const names[] = { "a", "", "topic", "\xc3\xa9" };
    enum { NAMES = sizeof names / sizeof names[0] };
    struct pinion_json_value values[NAMES];
    bool found[NAMES];
    int rc = pinion__json_scan_object(text, PINION_JSON_DEPTH, names, values, found, NAMES);
    REQUIRE(rc == (object ? 0 : PINION_EPROTO));
    bool alike = object && !has_equal_names(text);
    for (size_t i = 0; object && i < NAMES; i++) {
        json_t *member = json_object_get(tree, names[i]);
        REQUIRE(!tree || found[i] == (member != NULL));
        if (found[i])
            check_value(&values[i], alike ? member : NULL);
    }
}

/* ---- the tree ---- */

static bool same_tree(json_t *a, json_t *b);

static bool same_number(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    return json_number_value(a) == json_number_value(b);
}

static bool same_elements(json_t *a, json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++) {
        if (!same_tree(json_array_get(a, i), json_array_get(b, i)))
            return false;
    }
    return true;
}

static bool same_members(json_t *a, json_t *b)
{
    const char *name;
    json_t *child;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach(a, name, child)
    {
        if (!same_tree(child, json_object_get(b, name)))
            return false;
    }
    return true;
}

static bool same_tree(json_t *a, json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return same_number(a, b);
    if (json_is_array(a) && json_is_array(b))
        return same_elements(a, b);
    if (json_is_object(a) && json_is_object(b))
        return same_members(a, b);
    return json_equal(a, b);
}

/* jansson, asked for integers, refuses those beyond 64 bits. Asked for reals, it accepts them. */
static void check_tree(struct pinion_slice text, json_t *of_reals)
{
    json_error_t error;
    bool wide;
    json_t *exact = parse(text, 0, &error), *built = pinion__json_tree(text, &wide);
    REQUIRE(!built == !of_reals);
    REQUIRE(wide || !of_reals || exact);
    REQUIRE(!wide || !exact);
    if (of_reals)
        REQUIRE(same_tree(built, exact ? exact : of_reals));
    json_decref(exact);
    json_decref(built);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_slice text = pinion__slice((const char *)data, size);
    struct pinion_json_value value;
    json_t *tree;
    enum verdict verdict = ask_jansson(text, &tree);
    int rc = pinion__json_scan(text, &value);
    bool too_deep = tree && depth_of(tree) > PINION_JSON_DEPTH;

    REQUIRE(rc == 0 || rc == PINION_EPROTO);
    REQUIRE(verdict == UNKNOWN || (rc == 0) == (verdict == ACCEPTED && !too_deep));
    if (rc == 0) {
        REQUIRE(lies_in(value.text, text));
        check_value(&value, tree);
        check_tree(value.text, tree);
    }
    check_array(text, rc == 0 && value.type == PINION_JSON_ARRAY, tree);
    check_object(text, rc == 0 && value.type == PINION_JSON_OBJECT, tree);
    json_decref(tree);
    return 0;
}
