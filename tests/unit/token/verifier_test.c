#include "proto/base64url.h"
#include "token/verifier.h"
#include <openssl/hmac.h>
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
static const struct pinion_slice key = { "a key of bytes, some of them \0\xFF", 31 };

static int sign(struct pinion_slice bytes)
{
    token.len = 0;
    return pinion__verifier_sign(key, bytes, &token);
}

/* The text against a guard page. */
static int verify_with(struct pinion_slice with, struct pinion_slice text)
{
    message.len = 0;
    char *placed = guard_place(&guard, text.ptr, text.len);
    int rc = pinion__verifier_verify(with, pinion__slice(placed, text.len), &message);
    if (rc)
        assert_int_equal(message.len, 0);
    return rc;
}

static int verify(struct pinion_slice text)
{
    return verify_with(key, text);
}

static struct pinion_slice signed_token(void)
{
    return pinion__slice(token.data, token.len);
}

/* The token for `text`, which is its first two parts, signed with this digest over OpenSSL alone. */
static struct pinion_slice sign_by_hand(const char *text, const EVP_MD *digest)
{
    static char made[2000];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    assert_non_null(
        HMAC(digest, key.ptr, (int)key.len, (const unsigned char *)text, strlen(text), mac, &mac_len));
    char *end = stpcpy(stpcpy(made, text), ".");
    end = pinion__base64url_encode(end, pinion__slice((char *)mac, mac_len));
    return pinion__slice(made, (size_t)(end - made));
}

static void a_token_is_three_parts(void **state)
{
    assert_int_equal(sign(LITERAL("a message\xFF")), 0);
    struct pinion_slice expected = sign_by_hand("SFMyNTY.YSBtZXNzYWdl_w", EVP_sha256());
    assert_true(pinion__slice_eq(signed_token(), expected));
}

static void what_was_signed_verifies(void **state)
{
    char bytes[100];
    for (size_t len = 0; len < sizeof bytes; len++) {
        memset(bytes, (int)len, sizeof bytes);
        assert_int_equal(sign(pinion__slice(bytes, len)), 0);
        assert_int_equal(verify(signed_token()), 0);
        assert_true(pinion__slice_eq(pinion__slice(message.data, message.len), pinion__slice(bytes, len)));
    }
}

static void both_functions_append(void **state)
{
    token.len = 0;
    assert_int_equal(pinion__buf_append_str(&token, "token="), 0);
    assert_int_equal(pinion__verifier_sign(key, LITERAL("x"), &token), 0);
    struct pinion_slice appended = pinion__slice(token.data + 6, token.len - 6);
    message.len = 0;
    assert_int_equal(pinion__buf_append_str(&message, "message="), 0);
    assert_int_equal(pinion__verifier_verify(key, appended, &message), 0);
    assert_slice(pinion__slice(message.data, message.len), "message=x");
}

static void longer_digests_are_read_too(void **state)
{
    assert_int_equal(verify(sign_by_hand("SFMzODQ.eA", EVP_sha384())), 0);
    assert_slice(pinion__slice(message.data, message.len), "x");
    assert_int_equal(verify(sign_by_hand("SFM1MTI.eA", EVP_sha512())), 0);
    assert_slice(pinion__slice(message.data, message.len), "x");
    assert_int_equal(verify(sign_by_hand("SFMyNTY.eA", EVP_sha512())), PINION_ETOKENINVALID);
    assert_int_equal(verify(sign_by_hand("SFM1MTI.eA", EVP_sha256())), PINION_ETOKENINVALID);
}

static void another_key_does_not_do(void **state)
{
    char other[31];
    assert_int_equal(sign(LITERAL("a message")), 0);
    for (size_t bit = 0; bit < 8 * key.len; bit++) {
        memcpy(other, key.ptr, key.len);
        other[bit / 8] = (char)(other[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(verify_with(pinion__slice(other, key.len), signed_token()), PINION_ETOKENINVALID);
    }
    assert_int_equal(verify_with(pinion__slice(key.ptr, key.len - 1), signed_token()), PINION_ETOKENINVALID);
}

static void no_byte_may_be_another(void **state)
{
    assert_int_equal(sign(LITERAL("a message")), 0);
    for (size_t at = 0; at < token.len; at++) {
        char kept = token.data[at];
        for (int value = 0; value < 256; value++) {
            token.data[at] = (char)value;
            assert_int_equal(verify(signed_token()), (char)value == kept ? 0 : PINION_ETOKENINVALID);
        }
        token.data[at] = kept;
    }
}

static void no_part_of_a_token_is_one(void **state)
{
    assert_int_equal(sign(LITERAL("a message")), 0);
    for (size_t from = 0; from < token.len; from++) {
        for (size_t to = from; to <= token.len; to++) {
            if (from == 0 && to == token.len)
                continue;
            assert_int_equal(verify(pinion__slice(token.data + from, to - from)), PINION_ETOKENINVALID);
        }
    }
}

/* A signature that is longer than any, and one with something behind it. */
static void nothing_may_follow_a_token(void **state)
{
    static const char *const more[] = { "A", "AA", "AAA", "AAAA", ".", ".AAAA", "=", "\n" };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        assert_int_equal(sign(LITERAL("a message")), 0);
        assert_int_equal(pinion__buf_append_str(&token, more[i]), 0);
        assert_int_equal(verify(signed_token()), PINION_ETOKENINVALID);
    }
    assert_int_equal(sign(LITERAL("a message")), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pinion__buf_append_str(&token, "AAAA"), 0);
        assert_int_equal(verify(signed_token()), PINION_ETOKENINVALID);
    }
}

static void what_has_another_form_is_refused(void **state)
{
    static const struct pinion_slice refused[] = {
        LITERAL("."),        LITERAL(".."),        LITERAL("..."),        LITERAL("SFMyNTY"),
        LITERAL("SFMyNTY."), LITERAL("SFMyNTY.."), LITERAL("SFMyNTY..."), LITERAL("bm9uZQ.eA."),
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(verify(refused[i]), PINION_ETOKENINVALID);
}

/* Signed with the right key, yet not as a token is. */
static void what_was_signed_otherwise_is_refused(void **state)
{
    static const char *const refused[] = { "bm9uZQ.eA",  "SFMyNTY.eB",  "SFMyNTY.eA==",  "SFMyNTY.x",
                                           "sFMyNTY.eA", "SFMyNTY.e A", "SFMyNTY.eA.eA", "SFMyNTY" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(verify(sign_by_hand(refused[i], EVP_sha256())), PINION_ETOKENINVALID);
    assert_int_equal(verify(sign_by_hand("SFMyNTY.", EVP_sha256())), 0);
    assert_int_equal(message.len, 0);
}

static void tokens_have_a_largest_size(void **state)
{
    size_t len = (PINION_TOKEN_MAX - sizeof "SFMyNTY.." + 1 - 43) / 4 * 3;
    char *bytes = calloc(1, len + 1);
    assert_non_null(bytes);
    assert_int_equal(sign(pinion__slice(bytes, len)), 0);
    assert_true(token.len <= PINION_TOKEN_MAX);
    assert_int_equal(verify(signed_token()), 0);
    assert_int_equal(message.len, len);
    assert_int_equal(sign(pinion__slice(bytes, len + 1)), PINION_ETOOBIG);
    free(bytes);

    char *text = malloc(PINION_TOKEN_MAX + 1);
    assert_non_null(text);
    memset(text, 'A', PINION_TOKEN_MAX + 1);
    memcpy(text, "SFMyNTY.", 8);
    text[PINION_TOKEN_MAX + 1 - 44] = '.';
    assert_int_equal(verify(pinion__slice(text, PINION_TOKEN_MAX + 1)), PINION_ETOKENINVALID);
    assert_string_equal(pinion_error_detail(), "the token is not valid: it is too long");
    free(text);
}

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
        cmocka_unit_test(a_token_is_three_parts),
        cmocka_unit_test(what_was_signed_verifies),
        cmocka_unit_test(both_functions_append),
        cmocka_unit_test(longer_digests_are_read_too),
        cmocka_unit_test(another_key_does_not_do),
        cmocka_unit_test(no_byte_may_be_another),
        cmocka_unit_test(no_part_of_a_token_is_one),
        cmocka_unit_test(nothing_may_follow_a_token),
        cmocka_unit_test(what_has_another_form_is_refused),
        cmocka_unit_test(what_was_signed_otherwise_is_refused),
        cmocka_unit_test(tokens_have_a_largest_size),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
