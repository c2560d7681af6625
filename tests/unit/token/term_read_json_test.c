#include "token/term.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"
#include "helpers/token_vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct guard guard;
static json_t *vectors;

/* A whole term, against a guard page. */
static int read_term(struct pinion_slice bytes, json_t **out, const char **why)
{
    struct pinion_term_reader reader;
    json_t *value = NULL;
    struct pinion_slice placed = pinion__slice(guard_place(&guard, bytes.ptr, bytes.len), bytes.len);
    int rc = pinion__term_read_begin(&reader, placed);
    if (!rc)
        rc = pinion__term_read_json(&reader, &value);
    if (!rc)
        rc = pinion__term_read_end(&reader);
    assert_true(rc == 0 || rc == PINION_EPROTO || rc == PINION_ENOTSUP || rc == PINION_ENOMEM);
    assert_true((rc != 0) == (reader.why[0] != '\0'));
    *why = reader.why;
    if (rc)
        json_decref(value);
    else
        *out = value;
    return rc;
}

static void check_reads(struct pinion_slice bytes, const char *json)
{
    json_t *value = NULL, *expected = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const char *why;
    assert_non_null(expected);
    if (read_term(bytes, &value, &why) != 0)
        fail_msg("%s: %s", json, why);
    if (!json_equal(value, expected)) {
        char *got = json_dumps(value, JSON_ENCODE_ANY);
        fail_msg("%s is not %s", got, json);
    }
    json_decref(value);
    json_decref(expected);
}

static void check_refused(struct pinion_slice bytes, int expected, const char *reason)
{
    json_t *value = NULL;
    const char *why;
    int rc = read_term(bytes, &value, &why);
    if (rc != expected || (reason && strcmp(why, reason) != 0))
        fail_msg("%s (%s), not %s (%s)", pinion_errname(rc), why, pinion_errname(expected),
                 reason ? reason : "for any reason");
}

/* --- the vectors: what Erlang wrote --- */

static void each_vector(void (*fn)(struct pinion_slice bytes, const json_t *vector))
{
    static const char *const forms[] = { "hex", "hex_otp25" };
    json_t *terms = json_object_get(vectors, "terms"), *vector;
    size_t i;
    assert_true(json_array_size(terms) > 50);
    json_array_foreach(terms, i, vector)
    {
        for (size_t form = 0; form < COUNT(forms); form++) {
            if (!text_of(vector, forms[form]))
                continue;
            struct pinion_slice bytes = from_hex(text_of(vector, forms[form]));
            fn(bytes, vector);
            free_bytes(bytes);
        }
    }
}

static void check_vector(struct pinion_slice bytes, const json_t *vector)
{
    if (strcmp(text_of(vector, "way"), "none") == 0)
        check_refused(bytes, PINION_ENOTSUP, NULL);
    else
        check_reads(bytes, text_of(vector, "json"));
}

static void terms_are_read_as_json(void **state)
{
    each_vector(check_vector);
}

/* No beginning of a term is one; and a term that goes on is none. */
static void check_cuts(struct pinion_slice bytes, const json_t *vector)
{
    bool readable = strcmp(text_of(vector, "way"), "none") != 0;
    const char *why;
    json_t *value = NULL;
    for (size_t len = 0; len < bytes.len; len++) {
        int rc = read_term(pinion__slice(bytes.ptr, len), &value, &why);
        assert_int_not_equal(rc, 0);
        if (readable) {
            assert_int_equal(rc, PINION_EPROTO);
            assert_string_equal(why, "it is cut short");
        }
    }
    char *longer = malloc(bytes.len + 1);
    assert_non_null(longer);
    memcpy(longer, bytes.ptr, bytes.len);
    longer[bytes.len] = 'j';
    if (readable)
        check_refused(pinion__slice(longer, bytes.len + 1), PINION_EPROTO, "there is more after its end");
    free(longer);
}

static void a_part_of_a_term_is_none(void **state)
{
    each_vector(check_cuts);
}

/* What it then is does not matter, as long as it is something: read_term checks that. */
static void check_changes(struct pinion_slice bytes, const json_t *vector)
{
    char *changed = (char *)bytes.ptr;
    for (size_t at = 0; at < bytes.len && at < 64; at++) {
        char kept = changed[at];
        for (int value = 0; value < 256; value++) {
            json_t *tree = NULL;
            const char *why;
            changed[at] = (char)value;
            if (read_term(bytes, &tree, &why) == 0)
                assert_non_null(tree);
            json_decref(tree);
        }
        changed[at] = kept;
    }
}

static void any_byte_may_be_another(void **state)
{
    each_vector(check_changes);
}

/* --- what Erlang would not write --- */

static void what_is_malformed_is_refused_with_the_reason(void **state)
{
    static const struct {
        struct pinion_slice bytes;
        const char *why;
    } refused[] = {
        { LITERAL(""), "it is cut short" },
        { LITERAL("\x83"), "it is cut short" },
        { LITERAL("\x82j"), "it does not begin with the version of the format" },
        { LITERAL("jj"), "it does not begin with the version of the format" },
        { LITERAL("\x83\x00"), "no term begins with this byte" },
        { LITERAL("\x83\x83j"), "no term begins with this byte" },
        { LITERAL("\x83\xFF"), "no term begins with this byte" },
        { LITERAL("\x83jj"), "there is more after its end" },
        { LITERAL("\x83w\x02\xC3"), "it is cut short" },
        { LITERAL("\x83w\x01\xC3"), "an atom is not UTF-8" },
        { LITERAL("\x83"
                  "F\x7F\xF0\0\0\0\0\0\0"),
          "a float is not finite" },
        { LITERAL("\x83"
                  "F\x7F\xF8\0\0\0\0\0\0"),
          "a float is not finite" },
        { LITERAL("\x83"
                  "F\xFF\xF0\0\0\0\0\0\0"),
          "a float is not finite" },
        { LITERAL("\x83n\x01\x02\x05"), "an integer's sign is neither 0 nor 1" },
        { LITERAL("\x83n\xFF\x00"), "it is cut short" },
        { LITERAL("\x83o\xFF\xFF\xFF\xFF\x00"), "it is cut short" },
        { LITERAL("\x83m\xFF\xFF\xFF\xFF"), "it is cut short" },
        { LITERAL("\x83k\xFF\xFF\x01"), "it is cut short" },
        { LITERAL("\x83l\xFF\xFF\xFF\xFFjjjjjjjj"), "it is cut short" },
        { LITERAL("\x83l\x00\x00\x00\x01j"), "it is cut short" },
        { LITERAL("\x83i\xFF\xFF\xFF\xFFjjjjjjjj"), "it is cut short" },
        { LITERAL("\x83h\xFFjjjjjjjj"), "it is cut short" },
        { LITERAL("\x83t\xFF\xFF\xFF\xFFjjjjjjjj"), "it is cut short" },
        { LITERAL("\x83t\x00\x00\x00\x01"
                  "a"),
          "it is cut short" },
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        check_refused(refused[i].bytes, PINION_EPROTO, refused[i].why);
}

static void what_has_no_place_is_refused_with_the_reason(void **state)
{
    static const struct {
        struct pinion_slice bytes;
        const char *why;
    } refused[] = {
        { LITERAL("\x83P\x00\x00\x00\x02x\x9C\xCB\x02\x00\x00k\x00k"), "it is compressed" },
        { LITERAL("\x83"
                  "c1.5"),
          "a float is written as text, as before Erlang/OTP 17" },
        { LITERAL("\x83M\0\0\0\1\3\x20"), "a bitstring is not a whole number of bytes" },
        { LITERAL("\x83X"), "it contains a pid, a port or a reference" },
        { LITERAL("\x83q"), "it contains a function" },
        { LITERAL("\x83y"), "it can be read only where it was written" },
        { LITERAL("\x83n\x09\x00\0\0\0\0\0\0\0\0\1"), "an integer is beyond 64 bits" },
        { LITERAL("\x83n\x08\x00\0\0\0\0\0\0\0\x80"), "an integer is beyond 64 bits" },
        { LITERAL("\x83n\x08\x01\1\0\0\0\0\0\0\x80"), "an integer is beyond 64 bits" },
        { LITERAL("\x83m\0\0\0\1\xFF"), "a binary inside is not UTF-8" },
        { LITERAL("\x83m\0\0\0\3\xED\xA0\x80"), "a binary inside is not UTF-8" },
        { LITERAL("\x83l\0\0\0\1a\1a\2"), "a list is improper" },
        { LITERAL("\x83t\0\0\0\1jj"), "a map has a key that is not a binary, an atom or an integer" },
        { LITERAL("\x83t\0\0\0\1m\0\0\0\1\xFFj"), "a binary inside is not UTF-8" },
        { LITERAL("\x83t\0\0\0\1m\0\0\0\1\0j"), "a map has a key with U+0000 in it" },
        { LITERAL("\x83t\0\0\0\1w\1\0j"), "a map has a key with U+0000 in it" },
        { LITERAL("\x83t\0\0\0\2w\1xjw\1xj"), "a map has keys that are equal, or would be in JSON" },
        { LITERAL("\x83t\0\0\0\2a\1jm\0\0\0\1"
                  "1j"),
          "a map has keys that are equal, or would be in JSON" },
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        check_refused(refused[i].bytes, PINION_ENOTSUP, refused[i].why);
}

/* Erlang would read these too, though it writes them shorter. */
static void longer_forms_are_read(void **state)
{
    check_reads(LITERAL("\x83n\x01\x00\x05"), "5");
    check_reads(LITERAL("\x83n\x00\x00"), "0");
    check_reads(LITERAL("\x83n\x02\x01\x00\x00"), "0");
    check_reads(LITERAL("\x83n\x0A\x01\x05\0\0\0\0\0\0\0\0\0"), "-5");
    check_reads(LITERAL("\x83o\0\0\0\x08\x01\0\0\0\0\0\0\0\x80"), "-9223372036854775808");
    check_reads(LITERAL("\x83o\0\0\0\x09\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F\0"), "9223372036854775807");
    check_reads(LITERAL("\x83"
                        "b\x00\x00\x00\x05"),
                "5");
    check_reads(LITERAL("\x83l\0\0\0\1a\1j"), "[1]");
    check_reads(LITERAL("\x83l\0\0\0\0j"), "[]");
    check_reads(LITERAL("\x83k\0\0"), "[]");
    check_reads(LITERAL("\x83i\0\0\0\1a\1"), "[1]");
    check_reads(LITERAL("\x83s\x03nil"), "null");
    check_reads(LITERAL("\x83s\x01\xE9"), "\"\xC3\xA9\"");
    check_reads(LITERAL("\x83v\x00\x04true"), "true");
    check_reads(LITERAL("\x83t\0\0\0\2w\1ya\1w\1xa\2"), "{\"x\":2,\"y\":1}");
}

/* --- atoms --- */

/* An atom of so many characters, each of these bytes. */
static struct pinion_slice atom(char *out, const char *head, size_t chars, const char *character)
{
    size_t len = strlen(character) * chars;
    size_t head_len = strlen(head);
    memcpy(out, head, head_len);
    out[head_len] = (char)(len >> 8);
    out[head_len + 1] = (char)len;
    for (size_t i = 0; i < chars; i++)
        memcpy(out + head_len + 2 + i * strlen(character), character, strlen(character));
    return pinion__slice(out, head_len + 2 + len);
}

static void atoms_have_at_most_255_characters(void **state)
{
    static char bytes[2000];
    json_t *value = NULL;
    const char *why;
    assert_int_equal(read_term(atom(bytes, "\x83v", 255, "\xF0\x9F\xA6\x89"), &value, &why), 0);
    assert_int_equal(json_string_length(value), 4 * 255);
    json_decref(value);
    assert_int_equal(read_term(atom(bytes,
                                    "\x83"
                                    "d",
                                    255, "\xFF"),
                               &value, &why),
                     0);
    assert_int_equal(json_string_length(value), 2 * 255);
    assert_memory_equal(json_string_value(value), "\xC3\xBF\xC3\xBF", 4);
    json_decref(value);
    check_refused(atom(bytes, "\x83v", 256, "x"), PINION_EPROTO, "an atom is longer than 255 characters");
    check_refused(atom(bytes,
                       "\x83"
                       "d",
                       256, "x"),
                  PINION_EPROTO, "an atom is longer than 255 characters");
}

/* --- depth --- */

static const char *const brackets[] = { "l\0\0\0\1", "h\1", "i\0\0\0\1", "t\0\0\0\1w\1x" };
static const size_t bracket_lens[] = { 5, 2, 5, 8 };

/* So many containers within each other, and an empty list at their heart. */
static struct pinion_slice nested(char *out, size_t kind, size_t depth)
{
    char *end = out;
    *end++ = '\x83';
    for (size_t i = 0; i < depth; i++, end += bracket_lens[kind])
        memcpy(end, brackets[kind], bracket_lens[kind]);
    *end++ = 'j';
    for (size_t i = 0; kind == 0 && i < depth; i++)
        *end++ = 'j';
    return pinion__slice(out, (size_t)(end - out));
}

static void terms_nest_only_so_deep(void **state)
{
    char *bytes = malloc(1 << 20);
    assert_non_null(bytes);
    for (size_t kind = 0; kind < COUNT(brackets); kind++) {
        json_t *value = NULL;
        const char *why;
        assert_int_equal(read_term(nested(bytes, kind, PINION_TERM_DEPTH), &value, &why), 0);
        json_decref(value);
        check_refused(nested(bytes, kind, PINION_TERM_DEPTH + 1), PINION_ENOTSUP, "it is nested too deep");
        check_refused(nested(bytes, kind, 100000), PINION_ENOTSUP, "it is nested too deep");
    }
    free(bytes);
}

static void a_byte_list_is_a_level_too(void **state)
{
    char bytes[5 * PINION_TERM_DEPTH + 20];
    struct pinion_slice term = nested(bytes, 1, PINION_TERM_DEPTH);
    memcpy(bytes + term.len - 1, "k\0\1x", 4);
    check_refused(pinion__slice(bytes, term.len + 3), PINION_ENOTSUP, "it is nested too deep");
}

/* --- memory --- */

static json_malloc_t usual_malloc;
static json_free_t usual_free;
static size_t largest, calls, fail_at;

static void *watched_malloc(size_t size)
{
    if (++calls == fail_at)
        return NULL;
    largest = size > largest ? size : largest;
    return usual_malloc(size);
}

static void watch(size_t failing_call)
{
    largest = calls = 0;
    fail_at = failing_call;
    json_set_alloc_funcs(watched_malloc, usual_free);
}

static void unwatch(void)
{
    json_set_alloc_funcs(usual_malloc, usual_free);
}

/* Sizes that nothing is behind are not believed. */
static void a_claim_allocates_nothing(void **state)
{
    static const struct pinion_slice claims[] = {
        LITERAL("\x83l\x7F\xFF\xFF\xFFjjjj"),
        LITERAL("\x83i\x7F\xFF\xFF\xFFjjjj"),
        LITERAL("\x83h\xFFjjjj"),
        LITERAL("\x83t\x7F\xFF\xFF\xFFjjjj"),
        LITERAL("\x83m\x7F\xFF\xFF\xFFjjjj"),
        LITERAL("\x83o\x7F\xFF\xFF\xFFjjjj"),
        LITERAL("\x83k\xFF\xFFjjjj"),
    };
    for (size_t i = 0; i < COUNT(claims); i++) {
        json_t *value = NULL;
        const char *why;
        watch(0);
        int rc = read_term(claims[i], &value, &why);
        unwatch();
        assert_int_equal(rc, PINION_EPROTO);
        assert_int_equal(calls, 0);
    }
}

/* Each allocation fails once; AddressSanitizer sees that nothing is lost. */
static void check_without_memory(struct pinion_slice bytes, const json_t *vector)
{
    int rc = PINION_ENOMEM;
    if (strcmp(text_of(vector, "way"), "none") == 0)
        return;
    for (size_t call = 1; rc == PINION_ENOMEM; call++) {
        json_t *value = NULL;
        const char *why;
        watch(call);
        rc = read_term(bytes, &value, &why);
        unwatch();
        assert_true(rc == 0 || rc == PINION_ENOMEM);
        assert_true(rc == 0 || strcmp(why, "out of memory") == 0);
        json_decref(value);
    }
}

static void memory_may_run_out(void **state)
{
    each_vector(check_without_memory);
}

static int set_up(void **state)
{
    json_get_alloc_funcs(&usual_malloc, &usual_free);
    guard = guard_new(1 << 20);
    vectors = token_vectors("terms.json");
    return 0;
}

static int tear_down(void **state)
{
    json_decref(vectors);
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_read_as_json),
        cmocka_unit_test(a_part_of_a_term_is_none),
        cmocka_unit_test(any_byte_may_be_another),
        cmocka_unit_test(what_is_malformed_is_refused_with_the_reason),
        cmocka_unit_test(what_has_no_place_is_refused_with_the_reason),
        cmocka_unit_test(longer_forms_are_read),
        cmocka_unit_test(atoms_have_at_most_255_characters),
        cmocka_unit_test(terms_nest_only_so_deep),
        cmocka_unit_test(a_byte_list_is_a_level_too),
        cmocka_unit_test(a_claim_allocates_nothing),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
