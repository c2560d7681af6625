/* Whether the bytes are Plug.Crypto's is in engine/token_test.c, with real tokens. */
#include "token/encryptor.h"
#include "token/verifier.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

static struct guard guard;
static struct pinion_buf token, message;
static const unsigned char key[PINION_ENCRYPTOR_KEY] = "a key of thirty-two bytes, or so";
static const unsigned char nonce[PINION_ENCRYPTOR_NONCE] = "a nonce of twenty-four";

static int encrypt(struct pinion_slice bytes)
{
    token.len = 0;
    return pinion__encryptor_encrypt(key, nonce, bytes, &token);
}

/* The text against a guard page. */
static int decrypt_with(const unsigned char *with, struct pinion_slice text)
{
    message.len = 0;
    char *placed = guard_place(&guard, text.ptr, text.len);
    int rc = pinion__encryptor_decrypt(with, pinion__slice(placed, text.len), &message);
    if (rc)
        assert_int_equal(message.len, 0);
    return rc;
}

static int decrypt(struct pinion_slice text)
{
    return decrypt_with(key, text);
}

static struct pinion_slice encrypted_token(void)
{
    return pinion__slice(token.data, token.len);
}

#ifndef PINION_HAVE_SODIUM

static void without_libsodium_there_is_no_encryption(void **state)
{
    assert_int_equal(encrypt(LITERAL("x")), PINION_ENOTSUP);
    assert_non_null(strstr(pinion_error_detail(), "PINION_SODIUM"));
    assert_int_equal(token.len, 0);
    assert_int_equal(decrypt(LITERAL("XCP.x")), PINION_ENOTSUP);
    assert_true(pinion__slice_eq(encrypted_token(), pinion__slice(NULL, 0)));
}

#else

static void what_was_encrypted_decrypts(void **state)
{
    char bytes[100];
    for (size_t len = 0; len < sizeof bytes; len++) {
        memset(bytes, (int)len, sizeof bytes);
        assert_int_equal(encrypt(pinion__slice(bytes, len)), 0);
        assert_int_equal(decrypt(encrypted_token()), 0);
        assert_true(pinion__slice_eq(pinion__slice(message.data, message.len), pinion__slice(bytes, len)));
    }
}

static void both_functions_append(void **state)
{
    token.len = 0;
    assert_int_equal(pinion__buf_append_str(&token, "token="), 0);
    assert_int_equal(pinion__encryptor_encrypt(key, nonce, LITERAL("x"), &token), 0);
    message.len = 0;
    assert_int_equal(pinion__buf_append_str(&message, "message="), 0);
    struct pinion_slice appended = pinion__slice(token.data + 6, token.len - 6);
    assert_int_equal(pinion__encryptor_decrypt(key, appended, &message), 0);
    assert_slice(pinion__slice(message.data, message.len), "message=x");
}

static void the_message_is_not_to_be_seen(void **state)
{
    static const unsigned char other[PINION_ENCRYPTOR_NONCE] = "another nonce";
    char first[200];
    assert_int_equal(encrypt(LITERAL("user 7")), 0);
    size_t len = token.len;
    memcpy(first, token.data, len);
    assert_null(memmem(first, len, "dXNlciA3", 8));
    token.len = 0;
    assert_int_equal(pinion__encryptor_encrypt(key, other, LITERAL("user 7"), &token), 0);
    assert_int_equal(token.len, len);
    assert_memory_not_equal(first + 36, token.data + 36, len - 36);
}

static void another_key_does_not_do(void **state)
{
    unsigned char other[PINION_ENCRYPTOR_KEY];
    assert_int_equal(encrypt(LITERAL("a message")), 0);
    for (size_t bit = 0; bit < 8 * sizeof other; bit++) {
        memcpy(other, key, sizeof other);
        other[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(decrypt_with(other, encrypted_token()), PINION_ETOKENINVALID);
    }
}

static void no_byte_may_be_another(void **state)
{
    assert_int_equal(encrypt(LITERAL("a message")), 0);
    for (size_t at = 0; at < token.len; at++) {
        char kept = token.data[at];
        for (int value = 0; value < 256; value++) {
            token.data[at] = (char)value;
            assert_int_equal(decrypt(encrypted_token()), (char)value == kept ? 0 : PINION_ETOKENINVALID);
        }
        token.data[at] = kept;
    }
}

static void no_part_of_a_token_is_one(void **state)
{
    assert_int_equal(encrypt(LITERAL("a message")), 0);
    for (size_t from = 0; from < token.len; from++) {
        for (size_t to = from; to <= token.len; to++) {
            if (from == 0 && to == token.len)
                continue;
            assert_int_equal(decrypt(pinion__slice(token.data + from, to - from)), PINION_ETOKENINVALID);
        }
    }
}

static void tokens_have_a_largest_size(void **state)
{
    size_t len = (PINION_TOKEN_MAX - 4) / 4 * 3 - PINION_ENCRYPTOR_NONCE - 16;
    char *bytes = calloc(1, len + 1);
    assert_non_null(bytes);
    assert_int_equal(encrypt(pinion__slice(bytes, len)), 0);
    assert_int_equal(token.len, PINION_TOKEN_MAX);
    assert_int_equal(decrypt(encrypted_token()), 0);
    assert_int_equal(message.len, len);
    assert_int_equal(encrypt(pinion__slice(bytes, len + 1)), PINION_ETOOBIG);
    free(bytes);

    char *text = malloc(PINION_TOKEN_MAX + 1);
    assert_non_null(text);
    memset(text, 'A', PINION_TOKEN_MAX + 1);
    memcpy(text, "XCP.", 4);
    assert_int_equal(decrypt(pinion__slice(text, PINION_TOKEN_MAX + 1)), PINION_ETOKENINVALID);
    assert_string_equal(pinion_error_detail(), "the token is not valid: it is too long");
    free(text);
}

#endif

static int set_up(void **state)
{
    guard = guard_new(PINION_TOKEN_MAX + 1);
    pinion__buf_init(&token, PINION_TOKEN_MAX);
    pinion__buf_init(&message, PINION_TOKEN_MAX);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    pinion__buf_release(&token);
    pinion__buf_release(&message);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef PINION_HAVE_SODIUM
        cmocka_unit_test(what_was_encrypted_decrypts),   cmocka_unit_test(both_functions_append),
        cmocka_unit_test(the_message_is_not_to_be_seen), cmocka_unit_test(another_key_does_not_do),
        cmocka_unit_test(no_byte_may_be_another),        cmocka_unit_test(no_part_of_a_token_is_one),
        cmocka_unit_test(tokens_have_a_largest_size),
#else
        cmocka_unit_test(without_libsodium_there_is_no_encryption),
#endif
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
