#include "token/key.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "helpers/slices.h"

static const struct pinion_slice secret = { "a secret", 8 };

static struct pinion_token_key derive(struct pinion_slice from, const char *salt,
                                      struct pinion_token_key_params params)
{
    struct pinion_token_key key = { 0 };
    assert_int_equal(pinion__token_key(from, pinion__slice_str(salt), &params, &key), 0);
    return key;
}

static struct pinion_token_key usual(const char *salt)
{
    return derive(secret, salt, (struct pinion_token_key_params){ 1000, 32, PINION_TOKEN_SHA256 });
}

static bool same(const struct pinion_token_key *a, const struct pinion_token_key *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int forget(void **state)
{
    pinion__token_keys_forget();
    return 0;
}

/* RFC 7914, section 11. */
static void keys_are_those_of_the_standard(void **state)
{
    static const struct pinion_slice passwd = LITERAL("passwd"), password = LITERAL("Password");
    struct pinion_token_key key =
        derive(passwd, "salt", (struct pinion_token_key_params){ 1, 64, PINION_TOKEN_SHA256 });
    assert_int_equal(key.len, 64);
    assert_memory_equal(key.bytes,
                        "\x55\xac\x04\x6e\x56\xe3\x08\x9f\xec\x16\x91\xc2\x25\x44\xb6\x05"
                        "\xf9\x41\x85\x21\x6d\xde\x04\x65\xe6\x8b\x9d\x57\xc2\x0d\xac\xbc"
                        "\x49\xca\x9c\xcc\xf1\x79\xb6\x45\x99\x16\x64\xb3\x9d\x77\xef\x31"
                        "\x7c\x71\xb8\x45\xb1\xe3\x0b\xd5\x09\x11\x20\x41\xd3\xa1\x97\x83",
                        64);
    key = derive(password, "NaCl", (struct pinion_token_key_params){ 80000, 64, PINION_TOKEN_SHA256 });
    assert_memory_equal(key.bytes,
                        "\x4d\xdc\xd8\xf6\x0b\x98\xbe\x21\x83\x0c\xee\x5e\xf2\x27\x01\xf9"
                        "\x64\x1a\x44\x18\xd0\x4c\x04\x14\xae\xff\x08\x87\x6b\x34\xab\x56"
                        "\xa1\xd4\x25\xa1\x22\x58\x33\x54\x9a\xdb\x84\x1b\x51\xc9\xb3\x17"
                        "\x6a\x27\x2b\xde\xbb\xa1\xd0\x78\x47\x8f\x62\xb3\x97\xf3\x3c\x8d",
                        64);
}

/* Also when all of them are kept. */
static void everything_it_is_derived_from_makes_another_key(void **state)
{
    static const struct pinion_slice other = LITERAL("another secret");
    struct pinion_token_key keys[8];
    for (int round = 0; round < 2; round++) {
        keys[0] = derive(secret, "salt", (struct pinion_token_key_params){ 10, 32, PINION_TOKEN_SHA256 });
        keys[1] = derive(other, "salt", (struct pinion_token_key_params){ 10, 32, PINION_TOKEN_SHA256 });
        keys[2] = derive(secret, "talc", (struct pinion_token_key_params){ 10, 32, PINION_TOKEN_SHA256 });
        keys[3] = derive(secret, "", (struct pinion_token_key_params){ 10, 32, PINION_TOKEN_SHA256 });
        keys[4] = derive(secret, "salt", (struct pinion_token_key_params){ 11, 32, PINION_TOKEN_SHA256 });
        keys[5] = derive(secret, "salt", (struct pinion_token_key_params){ 10, 33, PINION_TOKEN_SHA256 });
        keys[6] = derive(secret, "salt", (struct pinion_token_key_params){ 10, 32, PINION_TOKEN_SHA384 });
        keys[7] = derive(secret, "salt", (struct pinion_token_key_params){ 10, 32, PINION_TOKEN_SHA512 });
        for (size_t i = 0; i < 8; i++) {
            for (size_t j = 0; j < i; j++)
                assert_false(same(&keys[i], &keys[j]));
        }
    }
}

static void many_keys_push_each_other_out(void **state)
{
    struct pinion_token_key keys[2 * PINION_TOKEN_KEYS];
    char salt[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2 * PINION_TOKEN_KEYS; i++) {
            snprintf(salt, sizeof salt, "salt %d", i);
            struct pinion_token_key key = usual(salt);
            if (round == 0)
                keys[i] = key;
            assert_true(same(&keys[i], &key));
        }
    }
}

/* In CPU time of this process, so that a busy machine changes nothing. */
static double seconds(void (*fn)(void))
{
    clock_t began = clock();
    fn();
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

static void derive_slowly(void)
{
    derive(secret, "slow", (struct pinion_token_key_params){ 300000, 32, PINION_TOKEN_SHA256 });
}

static void use_all_places_but_one(void)
{
    static int next;
    char salt[32];
    for (int i = 0; i < PINION_TOKEN_KEYS - 1; i++) {
        snprintf(salt, sizeof salt, "salt %d", next++);
        usual(salt);
    }
}

/* A factor of ten lies between what is and what may not be. */
static void a_key_is_derived_once(void **state)
{
    double first = seconds(derive_slowly);
    assert_true(seconds(derive_slowly) < first / 10);
    use_all_places_but_one();
    assert_true(seconds(derive_slowly) < first / 10);
    use_all_places_but_one();
    assert_true(seconds(derive_slowly) < first / 10);
    pinion__token_keys_forget();
    assert_true(seconds(derive_slowly) > first / 10);
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct pinion_token_key_params refused[] = {
        { 0, 32, PINION_TOKEN_SHA256 },    { UINT32_C(1) << 31, 32, PINION_TOKEN_SHA256 },
        { 1, 0, PINION_TOKEN_SHA256 },     { 1, PINION_TOKEN_KEY_MAX + 1, PINION_TOKEN_SHA256 },
        { 1, 32, (pinion_token_digest)3 },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct pinion_token_key key;
        assert_int_equal(pinion__token_key(secret, secret, &refused[i], &key), PINION_EINVAL);
        assert_non_null(strstr(pinion_error_detail(), "key_"));
    }
    struct pinion_token_key longest = derive(
        secret, "salt", (struct pinion_token_key_params){ 1, PINION_TOKEN_KEY_MAX, PINION_TOKEN_SHA512 });
    assert_int_equal(longest.len, PINION_TOKEN_KEY_MAX);
}

/* ---- threads ---- */

#define THREADS 4
#define SALTS   (PINION_TOKEN_KEYS + 8)

static struct pinion_token_key right[SALTS];

static void *derive_all(void *wrong)
{
    char salt[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SALTS; i++) {
            snprintf(salt, sizeof salt, "salt %d", i);
            struct pinion_token_key key =
                derive(secret, salt, (struct pinion_token_key_params){ 2, 32, PINION_TOKEN_SHA256 });
            if (!same(&key, &right[i]))
                return wrong;
            if (i % 16 == 0)
                pinion__token_keys_forget();
        }
    }
    return NULL;
}

static void threads_may_derive_at_once(void **state)
{
    pthread_t threads[THREADS];
    char salt[32];
    for (int i = 0; i < SALTS; i++) {
        snprintf(salt, sizeof salt, "salt %d", i);
        right[i] = derive(secret, salt, (struct pinion_token_key_params){ 2, 32, PINION_TOKEN_SHA256 });
    }
    pinion__token_keys_forget();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, derive_all, &threads), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_are_those_of_the_standard, forget),
        cmocka_unit_test_setup(everything_it_is_derived_from_makes_another_key, forget),
        cmocka_unit_test_setup(many_keys_push_each_other_out, forget),
        cmocka_unit_test_setup(a_key_is_derived_once, forget),
        cmocka_unit_test_setup(what_cannot_be_is_refused, forget),
        cmocka_unit_test_setup(threads_may_derive_at_once, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
