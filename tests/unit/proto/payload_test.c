#include "proto/payload.h"
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/slices.h"

static struct pinion_slice bytes_of(const pinion_payload *payload)
{
    size_t len;
    const char *bytes = pinion_payload_bytes(payload, &len);
    return pinion__slice(bytes, len);
}

static void check_poison(pinion_payload *payload)
{
    assert_non_null(payload);
    assert_int_equal(pinion_payload_kind(payload), PINION_PAYLOAD_POISON);
    assert_null(bytes_of(payload).ptr);
    assert_int_equal(bytes_of(payload).len, 0);
    assert_null(pinion_payload_tree(payload));
    assert_null(pinion_payload_get(payload, "a"));
    pinion_payload_unref(payload);
}

static void check_json(pinion_payload *payload, struct pinion_slice expected)
{
    assert_int_equal(pinion_payload_kind(payload), PINION_PAYLOAD_JSON);
    assert_true(pinion__slice_eq(bytes_of(payload), expected));
    pinion_payload_unref(payload);
}

static pinion_payload *text_payload(struct pinion_slice text)
{
    return pinion_payload_text(text.ptr, text.len);
}

/* --- poison --- */

static void what_cannot_be_built_is_poison(void **unused)
{
    check_poison(pinion_json("{s:", "a"));
    check_poison(pinion_json("?"));
    check_poison(pinion_json("{s:s}", "a", NULL));
    check_poison(pinion_json("{s:o}", "a", NULL));
    check_poison(pinion_json("{s:s}", "a", "\xFF"));
    check_poison(pinion_json("{s:f}", "a", (double)NAN));
    check_poison(pinion_json("[f]", (double)INFINITY));
    check_poison(pinion_payload_json(NULL));
    check_poison(pinion_payload_json(json_string_nocheck("\xED\xA0\x80")));
    check_poison(pinion_payload_text(NULL, 3));
    check_poison(text_payload(LITERAL("")));
    check_poison(text_payload(LITERAL("{\"a\":1")));
    check_poison(text_payload(LITERAL("{} {}")));
    check_poison(text_payload(LITERAL("\"\xFF\"")));
    check_poison(text_payload(LITERAL("1e999")));
    check_poison(pinion_payload_binary(NULL, 1));
}

static void a_tree_within_itself_is_poison(void **unused)
{
    json_t *tree = json_array();
    json_t *inner = json_array();
    json_array_append(tree, inner);
    json_array_append(inner, tree);
    check_poison(pinion_payload_json(json_incref(tree)));
    json_array_clear(inner);
    json_decref(inner);
    json_decref(tree);
}

static void poison_is_counted_as_others_are(void **unused)
{
    pinion_payload *poison = pinion_payload_json(NULL);
    assert_ptr_equal(pinion_payload_ref(poison), poison);
    assert_ptr_equal(pinion__payload_view(poison), poison);
    for (int i = 0; i < 3; i++)
        check_poison(poison);
}

static void check_why(pinion_payload *poison, const char *why)
{
    assert_string_equal(pinion__payload_why(poison), why);
    check_poison(poison);
}

static void poison_says_why(void **unused)
{
    static const char password[] = "{\"password\":\"secret\"";
    char format[1000];
    check_why(pinion_json("{s:s}", "a", NULL), "NULL string, at 4 of \"{s:s}\"");
    check_why(pinion_json("{s:s, s:s}", "a", "b", "c", "\xFF"),
              "Invalid UTF-8 string, at 9 of \"{s:s, s:s}\"");
    check_why(pinion_payload_json(NULL), "the tree is NULL");
    check_why(pinion_payload_text(password, sizeof password - 1), "the text of 20 bytes is not JSON");
    check_why(pinion_payload_binary(NULL, 1), "the bytes are NULL");
    memset(format, '?', sizeof format - 1);
    format[sizeof format - 1] = '\0';
    check_poison(pinion_json(format)); /* cut */
    assert_string_equal(pinion__payload_why(NULL), "");
    pinion_payload *sound = pinion_json("i", 1);
    assert_string_equal(pinion__payload_why(sound), "");
    pinion_payload_unref(sound);
}

static void *no_memory(size_t size)
{
    return NULL;
}

static void memory_that_runs_out_is_poison_or_no_tree(void **unused)
{
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    pinion_payload *payload = text_payload(LITERAL("{\"a\":1}"));

    json_set_alloc_funcs(no_memory, release);
    pinion_payload *unbuilt = pinion_json("{s:i}", "a", 1);
    json_t *unparsed = pinion_payload_tree(payload);
    json_set_alloc_funcs(allocate, release);

    check_poison(unbuilt);
    assert_null(unparsed);
    assert_non_null(pinion_payload_tree(payload));
    pinion_payload_unref(payload);
}

/* --- constructors --- */

static void trees_are_dumped_compactly(void **unused)
{
    check_json(pinion_json("{s:s, s:[i,b,n]}", "body", "hi there", "list", 1, 1),
               LITERAL("{\"body\":\"hi there\",\"list\":[1,true,null]}"));
    check_json(pinion_payload_json(json_integer(7)), LITERAL("7"));
    check_json(pinion_payload_json(json_null()), LITERAL("null"));
    check_json(pinion_json("s#", "a\0b/\x1F", 5), LITERAL("\"a\\u0000b/\\u001F\""));
    check_json(pinion_payload_json(json_object()), LITERAL("{}"));
}

/* Around the size below which a tree is dumped only once. */
static void trees_of_every_size_are_dumped_whole(void **unused)
{
    char text[4096];
    for (size_t len = 1000; len < 1100; len++) {
        memset(text, 'x', len);
        text[0] = text[len - 1] = '"';
        json_t *tree = json_stringn(text + 1, len - 2);
        check_json(pinion_payload_json(tree), pinion__slice(text, len));
    }
}

static void building_consumes_one_reference(void **unused)
{
    json_t *tree = json_pack("{s:i}", "n", 1);
    pinion_payload *consumed = pinion_payload_json(json_incref(tree));
    pinion_payload *taken = pinion_json("O", tree);
    assert_int_equal(tree->refcount, 1);
    json_decref(tree);
    check_json(consumed, LITERAL("{\"n\":1}"));
    check_json(taken, LITERAL("{\"n\":1}"));
}

static void text_is_checked_and_compacted(void **unused)
{
    check_json(text_payload(LITERAL(" {\"a\" : [1, 2],\n\"b c\":\"d e\"} ")),
               LITERAL("{\"a\":[1,2],\"b c\":\"d e\"}"));
    check_json(text_payload(LITERAL("null")), LITERAL("null"));
    check_json(text_payload(LITERAL("[12345678901234567890]")), LITERAL("[12345678901234567890]"));
}

static void binary_is_copied_as_it_is(void **unused)
{
    char bytes[] = { 0, (char)0xFF, 'a' };
    pinion_payload *payload = pinion_payload_binary(bytes, sizeof bytes);
    bytes[2] = 'b';
    assert_int_equal(pinion_payload_kind(payload), PINION_PAYLOAD_BINARY);
    assert_slice(bytes_of(payload), "\x00\xFF"
                                    "a");
    assert_null(pinion_payload_tree(payload));
    assert_null(pinion_payload_get(payload, "a"));
    pinion_payload_unref(payload);

    payload = pinion_payload_binary(NULL, 0);
    assert_int_equal(pinion_payload_kind(payload), PINION_PAYLOAD_BINARY);
    assert_int_equal(bytes_of(payload).len, 0);
    pinion_payload_unref(payload);
}

static void null_is_the_empty_object(void **unused)
{
    assert_int_equal(pinion_payload_kind(NULL), PINION_PAYLOAD_JSON);
    assert_slice(bytes_of(NULL), "{}");
    assert_null(pinion_payload_ref(NULL));
    assert_null(pinion_payload_tree(NULL));
    assert_null(pinion_payload_get(NULL, "a"));
    assert_null(pinion__payload_view(NULL));
    pinion_payload_unref(NULL);
}

/* --- trees --- */

static void the_tree_is_parsed_once(void **unused)
{
    pinion_payload *payload = text_payload(LITERAL("{\"a\":\"x\\u0000y\",\"b\":2}"));
    json_t *tree = pinion_payload_tree(payload);
    assert_ptr_equal(pinion_payload_tree(payload), tree);
    assert_ptr_equal(pinion_payload_get(payload, "a"), json_object_get(tree, "a"));
    assert_int_equal(json_string_length(pinion_payload_get(payload, "a")), 3);
    assert_int_equal(json_integer_value(pinion_payload_get(payload, "b")), 2);
    assert_null(pinion_payload_get(payload, "c"));
    pinion_payload_unref(payload);
}

static void a_value_that_is_no_object_has_a_tree_without_members(void **unused)
{
    pinion_payload *payload = text_payload(LITERAL("\"a\""));
    assert_string_equal(json_string_value(pinion_payload_tree(payload)), "a");
    assert_null(pinion_payload_get(payload, "a"));
    pinion_payload_unref(payload);
}

static void integers_beyond_64_bits_are_reals_in_the_tree_only(void **unused)
{
    static const char text[] = "[9223372036854775808,1]";
    pinion_payload *payload = pinion_payload_text(text, strlen(text));
    assert_true(json_real_value(json_array_get(pinion_payload_tree(payload), 0)) == 9223372036854775808.0);
    assert_true(json_is_integer(json_array_get(pinion_payload_tree(payload), 1)));
    check_json(payload, LITERAL("[9223372036854775808,1]"));

    payload = text_payload(LITERAL("[9223372036854775807]"));
    assert_int_equal(json_integer_value(json_array_get(pinion_payload_tree(payload), 0)), INT64_MAX);
    pinion_payload_unref(payload);
}

static void what_jansson_cannot_hold_has_no_tree(void **unused)
{
    pinion_payload *payload = text_payload(LITERAL("{\"\\u0000\":1}"));
    assert_null(pinion_payload_tree(payload));
    check_json(payload, LITERAL("{\"\\u0000\":1}"));
}

/* --- references --- */

static void the_last_reference_frees(void **unused)
{
    pinion_payload *payload = pinion_json("{s:i}", "n", 1);
    assert_ptr_equal(pinion_payload_ref(payload), payload);
    pinion_payload_unref(payload);
    assert_slice(bytes_of(payload), "{\"n\":1}");
    assert_non_null(pinion_payload_tree(payload));
    pinion_payload_unref(payload);
}

static void a_borrowed_payload_reads_the_bytes_where_they_are(void **unused)
{
    char buffer[] = "{\"n\":1}";
    struct pinion_payload payload;
    pinion__payload_borrow(&payload, PINION_PAYLOAD_JSON, pinion__slice_str(buffer), false);
    assert_ptr_equal(bytes_of(&payload).ptr, buffer);
    assert_int_equal(json_integer_value(pinion_payload_get(&payload, "n")), 1);
    pinion__payload_borrow_end(&payload);
}

static void a_reference_on_a_borrowed_payload_outlives_it(void **unused)
{
    char buffer[] = "{\"n\" : [1, 2]}";
    struct pinion_payload payload;
    pinion__payload_borrow(&payload, PINION_PAYLOAD_JSON, pinion__slice_str(buffer), true);
    pinion_payload *kept = pinion_payload_ref(&payload);
    pinion_payload *also_kept = pinion_payload_ref(&payload);
    json_t *borrowed_tree = pinion_payload_tree(&payload);
    assert_ptr_equal(kept, also_kept);
    assert_ptr_not_equal(pinion_payload_tree(kept), borrowed_tree);
    pinion__payload_borrow_end(&payload);
    memset(buffer, 0, sizeof buffer);

    pinion_payload_unref(also_kept);
    check_json(kept, LITERAL("{\"n\":[1,2]}"));
}

static void the_bytes_of_a_borrowed_payload_are_compact(void **unused)
{
    struct pinion_payload payload;
    pinion__payload_borrow(&payload, PINION_PAYLOAD_JSON, LITERAL("[ 1 , \"a b\" ]"), true);
    assert_slice(bytes_of(&payload), "[1,\"a b\"]");
    assert_ptr_equal(bytes_of(&payload).ptr, bytes_of(&payload).ptr);
    assert_int_equal(json_array_size(pinion_payload_tree(&payload)), 2);
    pinion__payload_borrow_end(&payload);
}

static void the_text_of_a_borrowed_tree_is_written_when_it_is_wanted(void **unused)
{
    struct pinion_payload payload;
    json_t *tree = json_pack("{s:i}", "n", 1);
    pinion__payload_borrow_tree(&payload, tree);
    assert_ptr_equal(pinion_payload_tree(&payload), tree);
    assert_null(atomic_load(&payload.copy));
    assert_slice(bytes_of(&payload), "{\"n\":1}");
    assert_ptr_equal(bytes_of(&payload).ptr, bytes_of(&payload).ptr);
    pinion_payload *kept = pinion_payload_ref(&payload);
    pinion__payload_borrow_end(&payload);
    check_json(kept, LITERAL("{\"n\":1}"));
}

static void a_borrowed_tree_without_a_text_becomes_poison(void **unused)
{
    struct pinion_payload payload;
    pinion__payload_borrow_tree(&payload, json_object());
    json_t *tree = pinion_payload_tree(&payload);
    json_t *list = json_array();
    json_object_set(tree, "list", list);
    json_array_append(list, tree); /* it contains itself */
    pinion_payload *kept = pinion_payload_ref(&payload);
    assert_int_equal(pinion_payload_kind(kept), PINION_PAYLOAD_POISON);
    assert_int_equal(bytes_of(&payload).len, 0);
    pinion_payload_unref(kept);
    json_array_clear(list);
    json_decref(list);
    pinion__payload_borrow_end(&payload);
}

static void borrowed_binary_is_kept_by_a_reference_too(void **unused)
{
    struct pinion_payload payload;
    pinion__payload_borrow(&payload, PINION_PAYLOAD_BINARY, LITERAL(" \x00 "), false);
    pinion_payload *kept = pinion_payload_ref(&payload);
    pinion__payload_borrow_end(&payload);
    assert_int_equal(pinion_payload_kind(kept), PINION_PAYLOAD_BINARY);
    assert_slice(bytes_of(kept), " \x00 ");
    pinion_payload_unref(kept);

    pinion__payload_borrow(&payload, PINION_PAYLOAD_BINARY, pinion__slice(NULL, 0), false);
    kept = pinion_payload_ref(&payload);
    pinion__payload_borrow_end(&payload);
    assert_int_equal(bytes_of(kept).len, 0);
    pinion_payload_unref(kept);
}

/* --- views --- */

static void a_view_shares_the_bytes_and_not_the_tree(void **unused)
{
    pinion_payload *base = pinion_json("{s:i}", "n", 1);
    pinion_payload *view = pinion__payload_view(base);
    assert_ptr_equal(bytes_of(view).ptr, bytes_of(base).ptr);
    assert_ptr_not_equal(pinion_payload_tree(view), pinion_payload_tree(base));
    pinion_payload_unref(base);
    pinion_payload *view_of_view = pinion__payload_view(view);
    pinion_payload_unref(view);
    check_json(view_of_view, LITERAL("{\"n\":1}"));
}

static void a_view_of_a_borrowed_payload_outlives_it(void **unused)
{
    char buffer[] = "[ 1 ]";
    struct pinion_payload payload;
    pinion__payload_borrow(&payload, PINION_PAYLOAD_JSON, pinion__slice_str(buffer), true);
    pinion_payload *view = pinion__payload_view(&payload);
    pinion__payload_borrow_end(&payload);
    memset(buffer, 0, sizeof buffer);
    check_json(view, LITERAL("[1]"));
}

/* --- threads --- */

enum { THREADS = 2, ROUNDS = 200 };

struct race {
    pthread_barrier_t start;
    pinion_payload *payload; /* to be asked by all threads at once */
    const void *seen[THREADS];
    const void *(*look)(struct race *race);
};

struct racer {
    struct race *race;
    int index;
};

static void *run_racer(void *arg)
{
    struct racer *racer = arg;
    pthread_barrier_wait(&racer->race->start);
    racer->race->seen[racer->index] = racer->race->look(racer->race);
    return NULL;
}

/* All threads look at the payload at the same time; what each saw is in race->seen. */
static void run_race(struct race *race, pinion_payload *payload)
{
    pthread_t threads[THREADS];
    struct racer racers[THREADS];
    race->payload = payload;
    assert_int_equal(pthread_barrier_init(&race->start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ race, i };
        assert_int_equal(pthread_create(&threads[i], NULL, run_racer, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race->start);
}

static const void *look_at_member(struct race *race)
{
    return pinion_payload_get(race->payload, "n");
}

static void threads_that_ask_at_once_get_one_tree(void **unused)
{
    struct race race = { .look = look_at_member };
    for (int i = 0; i < ROUNDS; i++) {
        pinion_payload *payload = text_payload(LITERAL("{\"n\":[1,2,3]}"));
        run_race(&race, payload);
        assert_non_null(race.seen[0]);
        assert_ptr_equal(race.seen[0], race.seen[1]);
        assert_ptr_equal(race.seen[0], pinion_payload_get(payload, "n"));
        pinion_payload_unref(payload);
    }
}

static const void *take_and_give_back(struct race *race)
{
    pinion_payload *kept = pinion_payload_ref(race->payload);
    const void *bytes = bytes_of(race->payload).ptr;
    pinion_payload_unref(kept);
    return bytes;
}

static void threads_that_keep_a_borrowed_payload_share_one_copy(void **unused)
{
    struct race race = { .look = take_and_give_back };
    for (int i = 0; i < ROUNDS; i++) {
        struct pinion_payload payload;
        pinion__payload_borrow(&payload, PINION_PAYLOAD_JSON, LITERAL("[ 1 ]"), true);
        run_race(&race, &payload);
        assert_non_null(race.seen[0]);
        assert_ptr_equal(race.seen[0], race.seen[1]);
        pinion__payload_borrow_end(&payload);
    }
}

static const void *drop(struct race *race)
{
    pinion_payload_unref(race->payload);
    return NULL;
}

static void the_last_of_several_threads_frees(void **unused)
{
    struct race race = { .look = drop };
    for (int i = 0; i < ROUNDS; i++) {
        pinion_payload *base = pinion_json("{s:i}", "n", i);
        pinion_payload *view = pinion__payload_view(base);
        pinion_payload_unref(base);
        assert_non_null(pinion_payload_tree(view));
        run_race(&race, pinion_payload_ref(view));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_built_is_poison),
        cmocka_unit_test(a_tree_within_itself_is_poison),
        cmocka_unit_test(poison_is_counted_as_others_are),
        cmocka_unit_test(poison_says_why),
        cmocka_unit_test(memory_that_runs_out_is_poison_or_no_tree),
        cmocka_unit_test(trees_are_dumped_compactly),
        cmocka_unit_test(trees_of_every_size_are_dumped_whole),
        cmocka_unit_test(building_consumes_one_reference),
        cmocka_unit_test(text_is_checked_and_compacted),
        cmocka_unit_test(binary_is_copied_as_it_is),
        cmocka_unit_test(null_is_the_empty_object),
        cmocka_unit_test(the_tree_is_parsed_once),
        cmocka_unit_test(a_value_that_is_no_object_has_a_tree_without_members),
        cmocka_unit_test(integers_beyond_64_bits_are_reals_in_the_tree_only),
        cmocka_unit_test(what_jansson_cannot_hold_has_no_tree),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(a_borrowed_payload_reads_the_bytes_where_they_are),
        cmocka_unit_test(a_reference_on_a_borrowed_payload_outlives_it),
        cmocka_unit_test(the_bytes_of_a_borrowed_payload_are_compact),
        cmocka_unit_test(the_text_of_a_borrowed_tree_is_written_when_it_is_wanted),
        cmocka_unit_test(a_borrowed_tree_without_a_text_becomes_poison),
        cmocka_unit_test(borrowed_binary_is_kept_by_a_reference_too),
        cmocka_unit_test(a_view_shares_the_bytes_and_not_the_tree),
        cmocka_unit_test(a_view_of_a_borrowed_payload_outlives_it),
        cmocka_unit_test(threads_that_ask_at_once_get_one_tree),
        cmocka_unit_test(threads_that_keep_a_borrowed_payload_share_one_copy),
        cmocka_unit_test(the_last_of_several_threads_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
