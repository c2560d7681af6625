/* SipHash-1-3 against values that OpenSSL's SIPHASH (c-rounds 1, d-rounds 3) and CPython's str hash give. */
#include "base/hash.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void known_answers(void **state)
{
    static const struct pinion_hash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    static const uint64_t answers[] = {
        /* of the bytes 0, 1, 2 … n - 1, by n */
        0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb, 0xcf75576088d38328,
        0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140, 0x369095118d299a8e, 0x25a48eb36c063de4,
        0x79de85ee92ff097f, 0x70c118c1f94dc352, 0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34,
        0xd320d86d2a519956, 0xcc4fdd1a7d908b66,
    };
    char bytes[64];

    for (int i = 0; i < 64; i++)
        bytes[i] = (char)i;
    for (size_t n = 0; n < sizeof(answers) / sizeof(answers[0]); n++)
        assert_int_equal(pinion__siphash13(key, pinion__slice(bytes, n)), answers[n]);
    assert_int_equal(pinion__siphash13(key, pinion__slice(bytes, 63)), 0x9d199062b7bbb3a8);
}

static void known_answers_under_the_zero_key(void **state)
{
    static const struct pinion_hash_key zero;

    assert_int_equal(pinion__siphash13(zero, pinion__slice(NULL, 0)), 0xd1fba762150c532c);
    assert_int_equal(pinion__siphash13(zero, pinion__slice_str("abc")), 0xc03bc3a0042630f2);
}

static void bytes_above_127_count_as_unsigned(void **state)
{
    static const struct pinion_hash_key key = { 1, 2 };
    char eight[8] = { 0 };

    /* In the last, partial word a sign extension would swallow what stands above the byte. */
    eight[0] = (char)0x80;
    uint64_t hash = pinion__siphash13(key, pinion__slice(eight, 7));
    eight[1] = (char)0xff;
    assert_int_not_equal(pinion__siphash13(key, pinion__slice(eight, 7)), hash);
}

static void the_answer_does_not_depend_on_alignment(void **state)
{
    static const struct pinion_hash_key key = { 3, 4 };
    static const char name[] = "rooms:lobby, seen at every offset";
    char room[sizeof(name) + 8];

    for (size_t offset = 0; offset < 8; offset++) {
        memcpy(room + offset, name, sizeof(name));
        assert_int_equal(pinion__siphash13(key, pinion__slice(room + offset, sizeof(name))),
                         pinion__siphash13(key, pinion__slice(name, sizeof(name))));
    }
}

static void *hash_a_name(void *hash)
{
    *(uint64_t *)hash = pinion__hash(pinion__slice_str("rooms:lobby"));
    return NULL;
}

static void all_threads_hash_under_one_random_key(void **state)
{
    static const struct pinion_hash_key zero;
    pthread_t threads[4];
    uint64_t hashes[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_a_name, &hashes[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(hashes[i], pinion__hash(pinion__slice_str("rooms:lobby")));
    assert_int_not_equal(hashes[0], pinion__siphash13(zero, pinion__slice_str("rooms:lobby")));
    assert_int_not_equal(hashes[0], pinion__hash(pinion__slice_str("rooms:lobbz")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_hash_under_one_random_key), /* first: the key is made here, by a race */
        cmocka_unit_test(known_answers),
        cmocka_unit_test(known_answers_under_the_zero_key),
        cmocka_unit_test(bytes_above_127_count_as_unsigned),
        cmocka_unit_test(the_answer_does_not_depend_on_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
