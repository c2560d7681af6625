#include "proto/base64url.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/random.h"
#include "helpers/slices.h"

#define SIZE_MAX_TRIED 300

static struct guard in, out;

/* Both against a guard page: the output has exactly the room it is said to need. */
static struct pinion_slice encode(struct pinion_slice bytes)
{
    size_t room = pinion__base64url_encoded_len(bytes.len);
    char *text = out.fence - room;
    char *end =
        pinion__base64url_encode(text, pinion__slice(guard_place(&in, bytes.ptr, bytes.len), bytes.len));
    assert_int_equal(end - text, room);
    return pinion__slice(text, room);
}

static int decode(struct pinion_slice text, struct pinion_slice *bytes)
{
    size_t room = pinion__base64url_decoded_len(text.len), len = 0;
    char *place = out.fence - room;
    int rc =
        pinion__base64url_decode(place, pinion__slice(guard_place(&in, text.ptr, text.len), text.len), &len);
    if (rc == 0)
        assert_true(len <= room);
    *bytes = pinion__slice(place, len);
    return rc;
}

/* RFC 4648, section 10, without the padding. */
static void texts_are_those_of_the_standard(void **state)
{
    static const struct {
        struct pinion_slice bytes, text;
    } examples[] = {
        { LITERAL(""), LITERAL("") },
        { LITERAL("f"), LITERAL("Zg") },
        { LITERAL("fo"), LITERAL("Zm8") },
        { LITERAL("foo"), LITERAL("Zm9v") },
        { LITERAL("foob"), LITERAL("Zm9vYg") },
        { LITERAL("fooba"), LITERAL("Zm9vYmE") },
        { LITERAL("foobar"), LITERAL("Zm9vYmFy") },
        { LITERAL("\xFB\xEF\xFF"), LITERAL("--__") },
        { LITERAL(
              "\x00\x10\x83\x10\x51\x87\x20\x92\x8B\x30\xD3\x8F\x41\x14\x93\x51\x55\x97\x61\x96\x9B\x71\xD7"
              "\x9F\x82\x18\xA3\x92\x59\xA7\xA2\x9A\xAB\xB2\xDB\xAF\xC3\x1C\xB3\xD3\x5D\xB7\xE3\x9E\xBB\xF3"
              "\xDF\xBF"),
          LITERAL("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") },
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct pinion_slice bytes;
        assert_true(pinion__slice_eq(encode(examples[i].bytes), examples[i].text));
        assert_int_equal(decode(examples[i].text, &bytes), 0);
        assert_true(pinion__slice_eq(bytes, examples[i].bytes));
    }
}

static void what_was_encoded_decodes(void **state)
{
    struct random_source random = { 42 };
    char bytes[SIZE_MAX_TRIED], text[2 * SIZE_MAX_TRIED];
    for (size_t len = 0; len <= SIZE_MAX_TRIED; len++) {
        struct pinion_slice again;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)random_next(&random);
        struct pinion_slice encoded = encode(pinion__slice(bytes, len));
        memcpy(text, encoded.ptr, encoded.len);
        assert_int_equal(decode(pinion__slice(text, encoded.len), &again), 0);
        assert_true(pinion__slice_eq(again, pinion__slice(bytes, len)));
    }
}

/* Whatever decodes is what encoding would have given: tried with all texts of one and two bytes, and with all
 * of three and four from a few. */
static void check_canonical(struct pinion_slice text)
{
    struct pinion_slice bytes;
    char copy[3];
    int rc = decode(text, &bytes);
    if (rc) {
        assert_int_equal(rc, PINION_EPROTO);
        return;
    }
    memcpy(copy, bytes.ptr, bytes.len);
    assert_true(pinion__slice_eq(encode(pinion__slice(copy, bytes.len)), text));
}

static void there_is_one_text_for_the_same_bytes(void **state)
{
    static const char few[] = "ABCPQf09-_+/= \n.\x80\xFF";
    char text[4];
    for (unsigned n = 0; n < 1 << 16; n++) {
        text[0] = (char)n;
        text[1] = (char)(n >> 8);
        check_canonical(pinion__slice(text, 1));
        check_canonical(pinion__slice(text, 2));
    }
    for (unsigned n = 0; n < sizeof few * sizeof few * sizeof few * sizeof few; n++) {
        for (unsigned i = 0, rest = n; i < 4; i++, rest /= sizeof few)
            text[i] = few[rest % sizeof few];
        check_canonical(pinion__slice(text, 3));
        check_canonical(pinion__slice(text, 4));
    }
}

static void other_texts_are_refused(void **state)
{
    static const struct pinion_slice refused[] = {
        LITERAL("A"),     LITERAL("Zm9vA"),   LITERAL("Zg=="),     LITERAL("Zm8="),      LITERAL("Zh"),
        LITERAL("Zm9"),   LITERAL("+/AA"),    LITERAL("Zm9v\n"),   LITERAL(" Zm9v"),     LITERAL("Zm 9v"),
        LITERAL("Zm9\0"), LITERAL("Zm9\xC0"), LITERAL("Zm9vYg\0"), LITERAL("Zm9v.Zm9v"),
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct pinion_slice bytes;
        assert_int_equal(decode(refused[i], &bytes), PINION_EPROTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_those_of_the_standard),
        cmocka_unit_test(what_was_encoded_decodes),
        cmocka_unit_test(there_is_one_text_for_the_same_bytes),
        cmocka_unit_test(other_texts_are_refused),
    };
    in = guard_new(4096);
    out = guard_new(4096);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&in);
    guard_free(&out);
    return failed;
}
