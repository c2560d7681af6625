/* Tokens as users make and read them, with those that Plug.Crypto made (tests/vectors/token). */
#include "engine/hub.h"
#include "engine/token.h"
#include "helpers/engine.h"
#include "helpers/slices.h"
#include "helpers/token_vectors.h"
#include "proto/base64url.h"
#include "token/encryptor.h"
#include "token/key.h"
#include "token/verifier.h"
#include <pthread.h>
#include <time.h>

#ifdef PINION_HAVE_SODIUM
#define HAVE_SODIUM true
#else
#define HAVE_SODIUM false
#endif

#define SECRET "a secret of the tests, which is long enough for an endpoint: 64 b"
#define SALT   "user auth"

static const pinion_token_options with_secret = { .secret_key_base = SECRET };

/* The two ways to make tokens, and to read them. */
struct way {
    int (*make)(pinion_endpoint *, const char *, pinion_payload *, const pinion_token_options *, char **);
    int (*read)(pinion_endpoint *, const char *, const char *, const pinion_token_options *,
                pinion_payload **);
};

static const struct way signing = { pinion_token_sign, pinion_token_verify };
static const struct way encryption = { pinion_token_encrypt, pinion_token_decrypt };
static const struct way *const ways[] = { &signing, &encryption };
static const size_t way_count = HAVE_SODIUM ? 2 : 1;

/* Consumes data, and gives a token that the caller frees. */
static char *make(const struct way *way, pinion_payload *data, const pinion_token_options *options)
{
    char *token = NULL;
    ok(way->make(NULL, SALT, data, options, &token));
    assert_non_null(token);
    return token;
}

static int read_token(const struct way *way, const char *salt, const char *token,
                      const pinion_token_options *options)
{
    pinion_payload *data = NULL;
    int rc = way->read(NULL, salt, token, options, &data);
    assert_int_equal(data != NULL, rc == 0);
    pinion_payload_unref(data);
    return rc;
}

static int64_t now(void)
{
    return time(NULL);
}

/* ---- the vectors ---- */

static json_t *vectors;

static pinion_token_digest digest_of(const char *name)
{
    if (!name)
        return PINION_TOKEN_SHA256;
    assert_true(strcmp(name, "sha384") == 0 || strcmp(name, "sha512") == 0);
    return strcmp(name, "sha384") == 0 ? PINION_TOKEN_SHA384 : PINION_TOKEN_SHA512;
}

static uint32_t max_age_of(const json_t *vector)
{
    const json_t *max_age = json_object_get(vector, "max_age");
    return json_is_string(max_age) ? PINION_NEVER : (uint32_t)json_integer_value(max_age);
}

static uint32_t number_of(const json_t *vector, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(vector, name));
}

/* As the vector was made. */
static pinion_token_options options_of(const json_t *vector)
{
    return (pinion_token_options){
        .secret_key_base = text_of(vectors, "secret"),
        .signed_at = json_integer_value(json_object_get(vectors, "signed_at")),
        .max_age_s = max_age_of(vector),
        .key_iterations = number_of(vector, "key_iterations"),
        .key_length = number_of(vector, "key_length"),
        .key_digest = digest_of(text_of(vector, "key_digest")),
    };
}

static pinion_payload *data_of(const json_t *vector)
{
    const char *json = text_of(vector, "json");
    if (json)
        return pinion_payload_text(json, strlen(json));
    struct pinion_slice bytes = from_hex(text_of(vector, "hex"));
    pinion_payload *data = pinion_payload_binary(bytes.ptr, bytes.len);
    free_bytes(bytes);
    return data;
}

static void check_data(const pinion_payload *data, const json_t *vector)
{
    pinion_payload *expected = data_of(vector);
    size_t len, expected_len;
    const char *bytes = pinion_payload_bytes(data, &len);
    const char *expected_bytes = pinion_payload_bytes(expected, &expected_len);
    assert_int_equal(pinion_payload_kind(data), pinion_payload_kind(expected));
    if (pinion_payload_kind(data) == PINION_PAYLOAD_JSON)
        assert_true(json_equal(pinion_payload_tree(data), pinion_payload_tree(expected)));
    else
        assert_true(pinion__slice_eq(pinion__slice(bytes, len), pinion__slice(expected_bytes, expected_len)));
    pinion_payload_unref(expected);
}

static const struct way *way_of(const json_t *vector)
{
    return strcmp(text_of(vector, "by"), "sign") == 0 ? &signing : &encryption;
}

/* Each vector whose way is in this build; returns how many. */
static size_t each_token(const char *list, void (*fn)(const json_t *vector))
{
    json_t *vector;
    size_t i, count = 0;
    json_array_foreach(json_object_get(vectors, list), i, vector)
    {
        if (text_of(vector, "by") && way_of(vector) == &encryption && !HAVE_SODIUM)
            continue;
        fn(vector);
        count++;
    }
    return count;
}

static void read_vector(const json_t *vector, const char *name)
{
    pinion_token_options options = options_of(vector);
    pinion_payload *data = NULL;
    if (!text_of(vector, name))
        return;
    int rc = way_of(vector)->read(NULL, text_of(vectors, "salt"), text_of(vector, name), &options, &data);
    if (options.max_age_s != PINION_NEVER) {
        assert_int_equal(rc, PINION_ETOKENEXPIRED); /* all of them were signed long ago */
        options.max_age_s = PINION_NEVER;
        rc = way_of(vector)->read(NULL, text_of(vectors, "salt"), text_of(vector, name), &options, &data);
    }
    if (rc)
        fail_msg("%s: %s", text_of(vector, name), pinion_error_detail());
    check_data(data, vector);
    pinion_payload_unref(data);
}

static void read_both_forms(const json_t *vector)
{
    read_vector(vector, "token");
    read_vector(vector, "token_otp26");
}

static void tokens_of_phoenix_are_read(void **state)
{
    assert_true(each_token("tokens", read_both_forms) >= (HAVE_SODIUM ? 30 : 20));
}

/* To the byte; where there are atoms, as later releases of Erlang write them. */
static void sign_again(const json_t *vector)
{
    const char *expected =
        text_of(vector, "token_otp26") ? text_of(vector, "token_otp26") : text_of(vector, "token");
    pinion_token_options options = options_of(vector);
    char *token = NULL;
    if (way_of(vector) != &signing || json_is_true(json_object_get(vector, "otherwise")))
        return;
    ok(pinion_token_sign(NULL, text_of(vectors, "salt"), data_of(vector), &options, &token));
    assert_string_equal(token, expected);
    free(token);
}

static void tokens_are_signed_as_phoenix_does(void **state)
{
    each_token("tokens", sign_again);
}

#ifdef PINION_HAVE_SODIUM

/* What a token of Phoenix holds, encrypted again with the same nonce, is that token. */
static void encrypt_again(const json_t *vector)
{
    if (way_of(vector) != &encryption)
        return;
    struct pinion_token_key key;
    pinion_token_options options = options_of(vector);
    struct pinion_token_key_params params = { options.key_iterations ? options.key_iterations : 1000, 32,
                                              options.key_digest };
    ok(pinion__token_key(pinion__slice_str(options.secret_key_base),
                         pinion__slice_str(text_of(vectors, "salt")), &params, &key));

    struct pinion_slice token = pinion__slice_str(text_of(vector, "token"));
    char raw[1000];
    size_t raw_len = 0;
    assert_true(token.len < sizeof raw);
    ok(pinion__base64url_decode(raw, pinion__slice(token.ptr + 4, token.len - 4), &raw_len));

    struct pinion_buf content, again;
    pinion__buf_init(&content, 1000);
    pinion__buf_init(&again, 1000);
    ok(pinion__encryptor_decrypt(key.bytes, token, &content));
    ok(pinion__encryptor_encrypt(key.bytes, (unsigned char *)raw, pinion__slice(content.data, content.len),
                                 &again));
    assert_true(pinion__slice_eq(pinion__slice(again.data, again.len), token));
    pinion__buf_release(&content);
    pinion__buf_release(&again);
}

static void tokens_are_encrypted_as_phoenix_does(void **state)
{
    each_token("tokens", encrypt_again);
}

#endif

static void read_odd(const json_t *vector)
{
    const pinion_token_options options = { .secret_key_base = text_of(vectors, "secret"),
                                           .max_age_s = PINION_NEVER };
    pinion_payload *data = NULL;
    ok(pinion_token_verify(NULL, text_of(vectors, "salt"), text_of(vector, "token"), &options, &data));
    assert_int_equal(json_integer_value(pinion_payload_tree(data)), 7);
    pinion_payload_unref(data);
}

static void tokens_of_other_forms_are_read(void **state)
{
    assert_int_equal(each_token("odd_tokens", read_odd), 6);
}

/* ---- there and back ---- */

static void what_was_made_is_read(void **state)
{
    for (size_t i = 0; i < way_count; i++) {
        pinion_payload *data = NULL;
        char *token = make(ways[i], pinion_json("{s:i,s:[s]}", "id", 7, "roles", "admin"), &with_secret);
        ok(ways[i]->read(NULL, SALT, token, &with_secret, &data));
        assert_int_equal(json_integer_value(pinion_payload_get(data, "id")), 7);
        assert_non_null(pinion_payload_get(data, "roles"));
        pinion_payload_unref(data);
        free(token);
    }
}

static void bytes_come_back_as_bytes(void **state)
{
    pinion_token_options options = { .secret_key_base = SECRET, .binary = true };
    for (size_t i = 0; i < way_count; i++) {
        pinion_payload *data = NULL;
        size_t len;
        char *token = make(ways[i], pinion_payload_binary("text\0", 5), &with_secret);
        ok(ways[i]->read(NULL, SALT, token, &options, &data));
        assert_int_equal(pinion_payload_kind(data), PINION_PAYLOAD_BINARY);
        const char *bytes = pinion_payload_bytes(data, &len);
        assert_slice(pinion__slice(bytes, len), "text\0");
        pinion_payload_unref(data);
        free(token);
    }
}

static void encrypted_tokens_are_never_the_same(void **state)
{
    if (!HAVE_SODIUM)
        skip();
    char *one = make(&encryption, NULL, &with_secret), *other = make(&encryption, NULL, &with_secret);
    assert_string_not_equal(one, other);
    free(one);
    free(other);
}

/* ---- what is refused ---- */

static void no_token_is_missing(void **state)
{
    for (size_t i = 0; i < way_count; i++) {
        assert_int_equal(read_token(ways[i], SALT, NULL, &with_secret), PINION_ETOKENMISSING);
        assert_int_equal(read_token(ways[i], SALT, "", &with_secret), PINION_ETOKENINVALID);
    }
}

static void each_byte_of_a_token_counts(void **state)
{
    for (size_t i = 0; i < way_count; i++) {
        char *token = make(ways[i], pinion_json("i", 7), &with_secret);
        assert_int_equal(read_token(ways[i], SALT, token, &with_secret), 0);
        for (char *at = token; *at; at++) {
            for (int bit = 0; bit < 8; bit++) {
                *at = (char)(*at ^ 1 << bit);
                assert_int_equal(read_token(ways[i], SALT, token, &with_secret), PINION_ETOKENINVALID);
                *at = (char)(*at ^ 1 << bit);
            }
        }
        free(token);
    }
}

static void salt_and_secret_must_be_the_same(void **state)
{
    const pinion_token_options other = { .secret_key_base = "another secret of the tests" };
    const pinion_token_options iterations = { .secret_key_base = SECRET, .key_iterations = 999 };
    for (size_t i = 0; i < way_count; i++) {
        char *token = make(ways[i], pinion_json("i", 7), &with_secret);
        assert_int_equal(read_token(ways[i], "user auth ", token, &with_secret), PINION_ETOKENINVALID);
        assert_int_equal(read_token(ways[i], "", token, &with_secret), PINION_ETOKENINVALID);
        assert_int_equal(read_token(ways[i], SALT, token, &other), PINION_ETOKENINVALID);
        assert_int_equal(read_token(ways[i], SALT, token, &iterations), PINION_ETOKENINVALID);
        assert_int_equal(read_token(ways[(i + 1) % way_count], SALT, token, &with_secret),
                         way_count == 1 ? 0 : PINION_ETOKENINVALID);
        free(token);
    }
}

/* Around now, with a minute to spare on each side; to the millisecond in token/content_test.c. */
static void tokens_age(void **state)
{
    static const struct {
        int64_t signed_ago;
        uint32_t made_for, read_with;
        int expected;
    } cases[] = {
        { 0, 0, 0, 0 },
        { 86400 - 60, 0, 0, 0 },
        { 86400 + 60, 0, 0, PINION_ETOKENEXPIRED },
        { 300, 360, 0, 0 },
        { 300, 240, 0, PINION_ETOKENEXPIRED },
        { 300, 240, 360, 0 },
        { 300, 360, 240, PINION_ETOKENEXPIRED },
        { 1000000000, PINION_NEVER, 0, 0 },
        { 1000000000, PINION_NEVER, 86400, PINION_ETOKENEXPIRED },
        { 1000000000, 60, PINION_NEVER, 0 },
        { -60, 0, 0, 0 },
        { -60, 0, PINION_NEVER, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases * way_count; i++) {
        const struct way *way = ways[i % way_count];
        size_t n = i / way_count;
        pinion_token_options making = { .secret_key_base = SECRET, .max_age_s = cases[n].made_for };
        pinion_token_options reading = { .secret_key_base = SECRET, .max_age_s = cases[n].read_with };
        if (cases[n].signed_ago)
            making.signed_at = now() - cases[n].signed_ago;
        char *token = make(way, NULL, &making);
        assert_int_equal(read_token(way, SALT, token, &reading), cases[n].expected);
        free(token);
    }
}

static void options_are_checked(void **state)
{
    static const struct {
        pinion_token_options options;
        const char *word;
    } cases[] = {
        { { .secret_key_base = "nineteen bytes, no!" },
          "secret_key_base: 19 bytes are too few, at least 20" },
        { { .secret_key_base = NULL }, "a token needs an endpoint, or a secret_key_base in its options" },
        { { .secret_key_base = SECRET, .signed_at = -1 }, "signed_at: -1 is not a time" },
        { { .secret_key_base = SECRET, .signed_at = INT64_MAX / 1000 + 1 }, "signed_at" },
        { { .secret_key_base = SECRET, .key_length = 129 }, "key_length: 129 is too long: the limit is 128" },
        { { .secret_key_base = SECRET, .key_iterations = UINT32_MAX }, "key_iterations" },
        { { .secret_key_base = SECRET, .key_digest = (pinion_token_digest)9 }, "key_digest" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases * 2; i++) {
        const struct way *way = ways[i % 2];
        char *token = NULL;
        int rc = way->make(NULL, SALT, pinion_json("i", 7), &cases[i / 2].options, &token);
        assert_int_equal(rc, PINION_EINVAL);
        assert_null(token);
        assert_non_null(strstr(pinion_error_detail(), cases[i / 2].word));
        assert_int_equal(read_token(way, SALT, "x", &cases[i / 2].options), PINION_EINVAL);
    }
    char *token = NULL;
    assert_int_equal(pinion_token_sign(NULL, NULL, pinion_json("i", 7), &with_secret, &token), PINION_EINVAL);
    assert_int_equal(pinion_token_sign(NULL, SALT, NULL, NULL, &token), PINION_EINVAL);
}

static void encryption_takes_one_length_of_key(void **state)
{
    pinion_token_options options = { .secret_key_base = SECRET };
    for (uint32_t length = 1; length <= PINION_TOKEN_KEY_MAX; length++) {
        char *token = NULL;
        options.key_length = length;
        int rc = pinion_token_encrypt(NULL, SALT, NULL, &options, &token);
        assert_int_equal(rc, length != 32 ? PINION_EINVAL : HAVE_SODIUM ? 0 : PINION_ENOTSUP);
        free(token);
        rc = read_token(&encryption, SALT, "XCP.", &options);
        assert_int_equal(rc, length != 32  ? PINION_EINVAL
                             : HAVE_SODIUM ? PINION_ETOKENINVALID
                                           : PINION_ENOTSUP);
    }
}

/* Consumed on failure too: AddressSanitizer sees what is lost. */
static void data_that_is_none_is_refused(void **state)
{
    for (size_t i = 0; i < way_count; i++) {
        char *token = NULL;
        assert_int_equal(ways[i]->make(NULL, SALT, pinion_json("?"), &with_secret, &token), PINION_EPAYLOAD);
        assert_null(token);
    }
}

static void data_may_be_too_large(void **state)
{
    char *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    for (size_t i = 0; i < way_count; i++) {
        char *token = NULL;
        pinion_payload *large = pinion_payload_binary(bytes, 780000);
        assert_int_equal(ways[i]->make(NULL, SALT, pinion_payload_ref(large), &with_secret, &token), 0);
        assert_int_equal(read_token(ways[i], SALT, token, &with_secret), 0);
        free(token);
        pinion_payload_unref(large);
        token = NULL;
        for (int rest = 0; rest <= 1; rest++) {
            large = pinion_payload_binary(bytes, rest ? 790000 : 1 << 20);
            assert_int_equal(ways[i]->make(NULL, SALT, large, &with_secret, &token), PINION_ETOOBIG);
            assert_string_equal(pinion_error_detail(), "the data is too large or too deep for a token");
            assert_null(token);
        }
    }
    free(bytes);
}

/* ---- with an endpoint ---- */

static pinion_endpoint *new_endpoint(const char *secret_key_base)
{
    pinion_endpoint *endpoint = NULL;
    unsetenv("PINION_SECRET_KEY_BASE");
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .loops = 1, .secret_key_base = secret_key_base }));
    return endpoint;
}

static void an_endpoint_has_a_secret(void **state)
{
    pinion_endpoint *endpoint = new_endpoint(SECRET);
    pinion_payload *data = NULL;
    char *token = NULL;
    ok(pinion_token_sign(endpoint, SALT, pinion_json("i", 7), NULL, &token));
    assert_int_equal(read_token(&signing, SALT, token, &with_secret), 0);
    ok(pinion_token_verify(endpoint, SALT, token, NULL, &data));
    assert_int_equal(json_integer_value(pinion_payload_tree(data)), 7);
    pinion_payload_unref(data);
    free(token);
    pinion_endpoint_free(endpoint);
}

static void options_come_before_the_endpoint(void **state)
{
    const pinion_token_options other = { .secret_key_base = "another secret of the tests" };
    pinion_endpoint *endpoint = new_endpoint(SECRET);
    char *token = NULL;
    ok(pinion_token_sign(endpoint, SALT, NULL, &other, &token));
    assert_int_equal(read_token(&signing, SALT, token, &other), 0);
    assert_int_equal(read_token(&signing, SALT, token, &with_secret), PINION_ETOKENINVALID);
    free(token);
    pinion_endpoint_free(endpoint);
}

static void without_a_secret_an_endpoint_says_how_to_set_one(void **state)
{
    pinion_endpoint *endpoint = new_endpoint(NULL);
    pinion_payload *data = NULL;
    char *token = NULL;
    assert_int_equal(pinion_token_sign(endpoint, SALT, pinion_json("i", 7), NULL, &token), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "secret_key_base"));
    assert_non_null(strstr(pinion_error_detail(), "PINION_SECRET_KEY_BASE"));
    assert_non_null(strstr(pinion_error_detail(), "openssl rand -base64 48"));
    assert_int_equal(pinion_token_verify(endpoint, SALT, "x", NULL, &data), PINION_EINVAL);
    assert_int_equal(pinion_token_verify(endpoint, SALT, NULL, NULL, &data), PINION_ETOKENMISSING);
    ok(pinion_token_sign(endpoint, SALT, pinion_json("i", 7), &with_secret, &token));
    free(token);
    pinion_endpoint_free(endpoint);
}

/* In tests nothing needs to be set. */
static void a_test_endpoint_reads_its_own_tokens(void **state)
{
    pinion_payload *data = NULL;
    char *token = NULL;
    ok(pinion_test_new(&test, NULL));
    ok(pinion_token_sign(pinion_test_endpoint(test), SALT, pinion_json("i", 7), NULL, &token));
    ok(pinion_token_verify(pinion_test_endpoint(test), SALT, token, NULL, &data));
    pinion_payload_unref(data);
    pinion_test_free(test);

    ok(pinion_test_new(&test, NULL));
    assert_int_equal(pinion_token_verify(pinion_test_endpoint(test), SALT, token, NULL, &data),
                     PINION_ETOKENINVALID);
    pinion_test_free(test);
    free(token);
}

/* ---- the library's own ---- */

static struct pinion_slice slice_of(const struct pinion_buf *buf)
{
    return pinion__slice(buf->data, buf->len);
}

static void bytes_are_signed_with_and_without_a_secret(void **state)
{
    static const char *const secrets[] = { NULL, SECRET };
    for (size_t i = 0; i < 2; i++) {
        pinion_endpoint *endpoint = new_endpoint(secrets[i]), *other = new_endpoint(NULL);
        struct pinion_buf token, bytes;
        pinion__buf_init(&token, 200);
        pinion__buf_init(&bytes, 200);
        ok(pinion__token_sign_bytes(pinion__hub_of(endpoint), "long poll", LITERAL("session\0\1"), &token));
        ok(pinion__token_verify_bytes(pinion__hub_of(endpoint), "long poll", slice_of(&token), &bytes));
        assert_slice(slice_of(&bytes), "session\0\1");
        assert_int_equal(
            pinion__token_verify_bytes(pinion__hub_of(endpoint), "other", slice_of(&token), &bytes),
            PINION_ETOKENINVALID);
        assert_int_equal(
            pinion__token_verify_bytes(pinion__hub_of(other), "long poll", slice_of(&token), &bytes),
            PINION_ETOKENINVALID);
        token.data[token.len - 5] ^= 1;
        assert_int_equal(
            pinion__token_verify_bytes(pinion__hub_of(endpoint), "long poll", slice_of(&token), &bytes),
            PINION_ETOKENINVALID);
        pinion__buf_release(&token);
        pinion__buf_release(&bytes);
        pinion_endpoint_free(endpoint);
        pinion_endpoint_free(other);
    }
}

static void bytes_that_do_not_fit_are_refused(void **state)
{
    pinion_endpoint *endpoint = new_endpoint(NULL);
    struct pinion_buf token, small;
    pinion__buf_init(&token, 200);
    ok(pinion__token_sign_bytes(pinion__hub_of(endpoint), "salt", LITERAL("session"), &token));
    pinion__buf_init(&small, token.len - 1);
    assert_int_equal(pinion__token_sign_bytes(pinion__hub_of(endpoint), "salt", LITERAL("session"), &small),
                     PINION_ETOOBIG);
    pinion__buf_release(&small);
    pinion__buf_init(&small, 6);
    assert_int_equal(pinion__token_verify_bytes(pinion__hub_of(endpoint), "salt", slice_of(&token), &small),
                     PINION_ETOOBIG);
    pinion__buf_release(&small);
    pinion__buf_release(&token);
    pinion_endpoint_free(endpoint);
}

/* ---- threads ---- */

static void *make_and_read(void *endpoint)
{
    int wrong = 0;
    for (int i = 0; i < 200; i++) {
        const struct way *way = ways[(size_t)i % way_count];
        pinion_payload *data = NULL;
        char *token = NULL;
        wrong += way->make(endpoint, i % 3 ? SALT : "another salt", pinion_json("i", i), NULL, &token) != 0;
        wrong += way->read(endpoint, i % 3 ? SALT : "another salt", token, NULL, &data) != 0;
        wrong += json_integer_value(pinion_payload_tree(data)) != i;
        pinion_payload_unref(data);
        free(token);
    }
    return wrong ? endpoint : NULL;
}

static void threads_may_share_an_endpoint(void **state)
{
    pinion_endpoint *endpoint = new_endpoint(SECRET);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_read, endpoint), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    pinion_endpoint_free(endpoint);
}

static int load(void **state)
{
    vectors = token_vectors("tokens.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_phoenix_are_read),
        cmocka_unit_test(tokens_are_signed_as_phoenix_does),
#ifdef PINION_HAVE_SODIUM
        cmocka_unit_test(tokens_are_encrypted_as_phoenix_does),
#endif
        cmocka_unit_test(tokens_of_other_forms_are_read),
        cmocka_unit_test(what_was_made_is_read),
        cmocka_unit_test(bytes_come_back_as_bytes),
        cmocka_unit_test(encrypted_tokens_are_never_the_same),
        cmocka_unit_test(no_token_is_missing),
        cmocka_unit_test(each_byte_of_a_token_counts),
        cmocka_unit_test(salt_and_secret_must_be_the_same),
        cmocka_unit_test(tokens_age),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(encryption_takes_one_length_of_key),
        cmocka_unit_test(data_that_is_none_is_refused),
        cmocka_unit_test(data_may_be_too_large),
        cmocka_unit_test(an_endpoint_has_a_secret),
        cmocka_unit_test(options_come_before_the_endpoint),
        cmocka_unit_test(without_a_secret_an_endpoint_says_how_to_set_one),
        cmocka_unit_test(a_test_endpoint_reads_its_own_tokens),
        cmocka_unit_test(bytes_are_signed_with_and_without_a_secret),
        cmocka_unit_test(bytes_that_do_not_fit_are_refused),
        cmocka_unit_test(threads_may_share_an_endpoint),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
