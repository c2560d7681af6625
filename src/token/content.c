/* The term is taken apart while it is read: the data becomes a payload at once, and the times become
 * numbers. */
#include "token/content.h"
#include "base/log.h"
#include "proto/json_tree.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include "token/term.h"

/* --- writing --- */

/* The payload's own tree cannot be used: it does not tell an integer beyond 64 bits from a real. */
static int parse(const pinion_payload *data, json_t **tree)
{
    bool wide = false;
    size_t len;
    const char *text = pinion_payload_bytes(data, &len);
    *tree = text ? pinion__json_tree(pinion__slice(text, len), &wide) : NULL;
    if (*tree && !wide)
        return 0;
    json_decref(*tree);
    *tree = NULL;
    if (wide)
        return pinion__fail(PINION_EPAYLOAD, "the token's data contains an integer beyond 64 bits");
    return pinion__fail(PINION_EPAYLOAD, "the token's data could not be built: %s",
                        pinion__payload_why(data));
}

static int write_data(struct pinion_buf *out, const pinion_payload *data)
{
    json_t *tree = NULL;
    if (pinion_payload_kind(data) == PINION_PAYLOAD_BINARY) {
        size_t len;
        const char *bytes = pinion_payload_bytes(data, &len);
        return pinion__term_write_binary(out, pinion__slice(bytes, len));
    }
    int rc = parse(data, &tree);
    if (rc)
        return rc;
    rc = pinion__term_write_json(out, tree);
    json_decref(tree);
    return rc;
}

static int write_age(struct pinion_buf *out, int64_t max_age_s)
{
    if (max_age_s == PINION_AGE_INFINITY)
        return pinion__term_write_atom(out, "infinity");
    return pinion__term_write_integer(out, max_age_s);
}

int pinion__token_content_write(struct pinion_buf *out, const pinion_payload *data, int64_t signed_at_ms,
                                int64_t max_age_s)
{
    int rc = pinion__term_write_begin(out);
    if (!rc)
        rc = pinion__term_write_tuple(out, 3);
    if (!rc)
        rc = write_data(out, data);
    if (!rc)
        rc = pinion__term_write_integer(out, signed_at_ms);
    return rc ? rc : write_age(out, max_age_s);
}

/* --- age --- */

static int64_t to_ms(int64_t seconds)
{
    int64_t ms;
    return __builtin_mul_overflow(seconds, 1000, &ms) ? PINION_AGE_INFINITY : ms;
}

/* An age of zero or less becomes -1: even 0 ms would accept a token in the millisecond in which it was
 * signed. */
static int64_t age_ms(int64_t seconds)
{
    return seconds > 0 ? to_ms(seconds) : -1;
}

static int64_t real_age_ms(double seconds)
{
    double ms = seconds * 1000;
    if (!(ms > 0))
        return -1;
    return ms < (double)INT64_MAX ? (int64_t)ms : PINION_AGE_INFINITY;
}

/* A token that was signed later than now is accepted: the clock of the node that signed it may be ahead. */
static int check_age(int64_t signed_ms, int64_t max_age_ms, int64_t now_ms)
{
    int64_t until;
    if (max_age_ms == PINION_AGE_INFINITY)
        return 0;
    if (max_age_ms < 0)
        return pinion__fail(PINION_ETOKENEXPIRED, "the token has expired: its max_age is 0 or less");
    if (__builtin_add_overflow(signed_ms, max_age_ms, &until) || until >= now_ms)
        return 0;
    return pinion__fail(PINION_ETOKENEXPIRED, "the token has expired");
}

/* --- reading --- */

struct content {
    pinion_payload *data;
    int64_t signed_ms;
    int64_t max_age_ms;
    bool has_signed;
};

/* A binary becomes a payload of bytes if it is not UTF-8, or if `binary` is set. */
static int read_data(struct pinion_term_reader *reader, bool binary, pinion_payload **data)
{
    json_t *tree = NULL;
    struct pinion_slice bytes = { 0 };
    bool is_binary = pinion__term_next_is_binary(reader);
    int rc = is_binary ? pinion__term_read_binary(reader, &bytes) : pinion__term_read_json(reader, &tree);
    if (rc)
        return rc;
    pinion_payload_unref(*data);
    if (is_binary && (binary || !pinion__utf8_valid(bytes.ptr, bytes.len)))
        *data = pinion_payload_binary(bytes.ptr, bytes.len);
    else
        *data = pinion_payload_json(is_binary ? json_stringn_nocheck(bytes.ptr, bytes.len) : tree);
    if (pinion_payload_kind(*data) != PINION_PAYLOAD_POISON)
        return 0;
    reader->why = "out of memory";
    return PINION_ENOMEM;
}

static int read_number(struct pinion_term_reader *reader, json_t **number)
{
    int rc = pinion__term_read_json(reader, number);
    if (rc || json_is_number(*number))
        return rc;
    json_decref(*number);
    reader->why = "its times are not numbers";
    return PINION_EPROTO;
}

static int read_signed(struct pinion_term_reader *reader, struct content *content)
{
    json_t *number = NULL;
    int rc = read_number(reader, &number);
    if (rc)
        return rc;
    content->has_signed = json_is_integer(number);
    content->signed_ms = json_integer_value(number);
    json_decref(number);
    return 0;
}

static int read_age(struct pinion_term_reader *reader, struct content *content)
{
    json_t *number = NULL;
    if (pinion__term_read_atom(reader, "infinity")) {
        content->max_age_ms = PINION_AGE_INFINITY;
        return 0;
    }
    int rc = read_number(reader, &number);
    if (rc)
        return rc;
    content->max_age_ms =
        json_is_integer(number) ? age_ms(json_integer_value(number)) : real_age_ms(json_real_value(number));
    json_decref(number);
    return 0;
}

static int read_tuple(struct pinion_term_reader *reader, bool binary, struct content *content)
{
    size_t arity = 0;
    int rc = pinion__term_read_tuple(reader, &arity);
    if (!rc && arity != 2 && arity != 3) {
        reader->why = "it is a tuple of another size";
        rc = PINION_EPROTO;
    }
    if (!rc)
        rc = read_data(reader, binary, &content->data);
    if (!rc)
        rc = read_signed(reader, content);
    return rc || arity == 2 ? rc : read_age(reader, content);
}

static int skip_pair(struct pinion_term_reader *reader)
{
    int rc = 0;
    for (int i = 0; !rc && i < 2; i++) {
        json_t *skipped = NULL;
        rc = pinion__term_read_json(reader, &skipped);
        json_decref(skipped);
    }
    return rc;
}

static int read_pair(struct pinion_term_reader *reader, bool binary, struct content *content)
{
    if (pinion__term_read_atom(reader, "data"))
        return read_data(reader, binary, &content->data);
    if (pinion__term_read_atom(reader, "signed"))
        return read_signed(reader, content);
    return skip_pair(reader);
}

static int read_map(struct pinion_term_reader *reader, bool binary, struct content *content)
{
    size_t pairs = 0;
    int rc = pinion__term_read_map(reader, &pairs);
    for (size_t i = 0; !rc && i < pairs; i++)
        rc = read_pair(reader, binary, content);
    return rc;
}

static int read_content(struct pinion_term_reader *reader, struct pinion_slice bytes, bool binary,
                        struct content *content)
{
    int rc = pinion__term_read_begin(reader, bytes);
    if (!rc)
        rc = pinion__term_next_is_tuple(reader) ? read_tuple(reader, binary, content)
                                                : read_map(reader, binary, content);
    if (!rc)
        rc = pinion__term_read_end(reader);
    if (!rc && (!content->data || !content->has_signed)) {
        reader->why = "its data or its time of signing is missing";
        rc = PINION_EPROTO;
    }
    return rc;
}

/* Turn the codes of terms into those of tokens. */
static int explain(int rc, const char *why)
{
    if (rc == PINION_ENOTSUP)
        return pinion__fail(PINION_EPAYLOAD, "the token's data cannot be a payload: %s", why);
    if (rc == PINION_EPROTO)
        return pinion__fail(PINION_ETOKENINVALID, "the token is signed, but not valid: %s", why);
    return rc;
}

int pinion__token_content_read(struct pinion_slice bytes, const struct pinion_token_reading *reading,
                               pinion_payload **data)
{
    struct pinion_term_reader reader;
    struct content content = { .max_age_ms = age_ms(PINION_AGE_DEFAULT) };
    int rc = read_content(&reader, bytes, reading->binary, &content);
    if (rc)
        rc = explain(rc, reader.why);
    if (reading->max_age_s)
        content.max_age_ms = age_ms(reading->max_age_s);
    if (!rc)
        rc = check_age(content.signed_ms, content.max_age_ms, reading->now_ms);
    if (rc)
        pinion_payload_unref(content.data);
    else
        *data = content.data;
    return rc;
}
