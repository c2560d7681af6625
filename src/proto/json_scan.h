/* The JSON scanner: it checks a text in one pass (RFC 8259, UTF-8, nesting), and finds the slices that a
 * message needs. It builds nothing and allocates nothing.
 *
 * Strict: it refuses leading zeros, raw control characters, lone surrogates, and anything after the value
 * except white space. It refuses a number that no double can hold (1E400), unless it is an integer.
 *
 * If a scan fails, the values are undefined. */
#ifndef PINION_PROTO_JSON_SCAN_H
#define PINION_PROTO_JSON_SCAN_H

#include "base/slice.h"
#include <pinion/error.h>
#include <stdint.h>

#define PINION_JSON_DEPTH    128
#define PINION_JSON_NAME_MAX 64 /* the longest name to look for in an object, bytes */

enum pinion_json_type {
    PINION_JSON_NULL,
    PINION_JSON_BOOL,
    PINION_JSON_NUMBER,
    PINION_JSON_STRING,
    PINION_JSON_ARRAY,
    PINION_JSON_OBJECT,
};

/* A value in a text. */
struct pinion_json_value {
    struct pinion_slice text; /* the value as it was written; a string has its quotes */
    enum pinion_json_type type;
    bool escaped; /* it is a string with at least one backslash */
    bool spaced;  /* it has white space outside of strings: it is not compact */
};

/* Check a JSON text. PINION_EPROTO: it is not JSON, or is nested deeper than PINION_JSON_DEPTH. */
int pinion__json_scan(struct pinion_slice text, struct pinion_json_value *value);

/* In the next two functions, max_depth is how deep the text may nest, including its own array or object: 1 to
 * PINION_JSON_DEPTH. */

/* Check a JSON text that is an array, and return its first `want` elements. More elements are checked and
 * skipped. PINION_EPROTO: it is not JSON, not an array, or has fewer elements. */
int pinion__json_scan_array(struct pinion_slice text, unsigned max_depth, struct pinion_json_value *elements,
                            size_t want);

/* Check a JSON text that is an object, and return the values of the members in `names`: `want` names of at
 * most PINION_JSON_NAME_MAX bytes. found[i] says whether the member is there. Names are compared after
 * unescaping. If several members have the same name, the first counts, as in Phoenix. Other members are
 * checked and skipped. PINION_EPROTO: it is not JSON, or not an object. */
int pinion__json_scan_object(struct pinion_slice text, unsigned max_depth, const char *const *names,
                             struct pinion_json_value *values, bool *found, size_t want);

/* The characters of a string, without quotes: a slice of the text if it has no escapes, otherwise unescaped
 * into scratch. PINION_ETOOBIG: scratch_len bytes are too few. */
int pinion__json_unescape(const struct pinion_json_value *string, char *scratch, size_t scratch_len,
                          struct pinion_slice *out);

/* How many bytes pinion__json_quote will write, including the quotes. */
size_t pinion__json_quoted_len(struct pinion_slice chars);

/* Write `chars` as a JSON string with its quotes, as Phoenix does: \b \t \n \f \r \" \\ and \u001F for other
 * control characters; everything else stays. Returns the end of what was written. */
char *pinion__json_quote(char *out, struct pinion_slice chars);

/* Copy a checked text without the white space between tokens. out has room for text.len bytes. Returns the
 * end of what was written. */
char *pinion__json_compact(char *out, struct pinion_slice text);

#endif
