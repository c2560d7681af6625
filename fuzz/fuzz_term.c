/* Erlang terms: what is read as JSON is written as a term again, which is read as the same JSON and written
 * as the same bytes. Also any bytes as the content of a token, whose data is then a payload.
 *
 * Fuzzes: src/token/term_read.c src/token/term_read_json.c src/token/term_write.c src/token/content.c */
#include "fuzz.h"
#include "token/content.h"
#include "token/term.h"
#include <pinion/error.h>

#define NOW 1700000000000

static int read_term(struct pinion_slice bytes, json_t **value)
{
    struct pinion_term_reader reader;
    int rc = pinion__term_read_begin(&reader, bytes);
    if (!rc)
        rc = pinion__term_read_json(&reader, value);
    if (!rc && (rc = pinion__term_read_end(&reader)) != 0)
        json_decref(*value);
    REQUIRE(rc == 0 || (reader.why[0] != '\0' && (rc == PINION_EPROTO || rc == PINION_ENOTSUP)));
    return rc;
}

static struct pinion_buf write_term(const json_t *value)
{
    struct pinion_buf out;
    pinion__buf_init(&out, 1 << 20);
    REQUIRE(pinion__term_write_begin(&out) == 0);
    REQUIRE(pinion__term_write_json(&out, value) == 0);
    return out;
}

static void check_written(json_t *value)
{
    json_t *again = NULL;
    struct pinion_buf first = write_term(value);
    REQUIRE(read_term(pinion__slice(first.data, first.len), &again) == 0);
    REQUIRE(json_equal(value, again));
    struct pinion_buf second = write_term(again);
    REQUIRE(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    pinion__buf_release(&first);
    pinion__buf_release(&second);
    json_decref(again);
}

static void check_equal(const pinion_payload *a, const pinion_payload *b)
{
    size_t a_len, b_len;
    REQUIRE(pinion_payload_kind(a) == pinion_payload_kind(b));
    if (pinion_payload_kind(a) == PINION_PAYLOAD_JSON) {
        REQUIRE(json_equal(pinion_payload_tree(a), pinion_payload_tree(b)));
        return;
    }
    const char *a_bytes = pinion_payload_bytes(a, &a_len), *b_bytes = pinion_payload_bytes(b, &b_len);
    REQUIRE(a_len == b_len && memcmp(a_bytes, b_bytes, a_len) == 0);
}

/* As the content of our own token: it is valid until its age is over, and not a millisecond longer. */
static void check_content_written(const pinion_payload *data)
{
    const bool binary = pinion_payload_kind(data) == PINION_PAYLOAD_BINARY;
    struct pinion_token_reading reading = { .now_ms = NOW + 7000, .binary = binary };
    pinion_payload *again = NULL;
    struct pinion_buf out;
    pinion__buf_init(&out, 1 << 20);
    int rc = pinion__token_content_write(&out, data, NOW, 7);
    REQUIRE(rc == 0 || rc == PINION_EPAYLOAD || rc == PINION_ETOOBIG);
    if (rc == 0) {
        struct pinion_slice bytes = pinion__slice(out.data, out.len);
        REQUIRE(pinion__token_content_read(bytes, &reading, &again) == 0);
        check_equal(again, data);
        pinion_payload_unref(again);
        reading.now_ms++;
        REQUIRE(pinion__token_content_read(bytes, &reading, &again) == PINION_ETOKENEXPIRED);
        reading.max_age_s = PINION_AGE_INFINITY;
        REQUIRE(pinion__token_content_read(bytes, &reading, &again) == 0);
        pinion_payload_unref(again);
    }
    pinion__buf_release(&out);
}

static void check_content(struct pinion_slice bytes, bool binary)
{
    const struct pinion_token_reading reading = { .now_ms = NOW, .binary = binary };
    pinion_payload *data = NULL;
    size_t len;
    int rc = pinion__token_content_read(bytes, &reading, &data);
    REQUIRE(rc == 0 || rc == PINION_ETOKENINVALID || rc == PINION_ETOKENEXPIRED || rc == PINION_EPAYLOAD);
    REQUIRE((rc == 0) == (data != NULL));
    if (rc)
        return;
    REQUIRE(pinion_payload_kind(data) != PINION_PAYLOAD_POISON && pinion_payload_bytes(data, &len));
    REQUIRE(pinion_payload_kind(data) == PINION_PAYLOAD_BINARY || pinion_payload_tree(data));
    check_content_written(data);
    pinion_payload_unref(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_slice bytes = pinion__slice((const char *)data, size);
    json_t *value = NULL;
    if (read_term(bytes, &value) == 0) {
        check_written(value);
        json_decref(value);
    }
    check_content(bytes, false);
    check_content(bytes, true);
    return 0;
}
