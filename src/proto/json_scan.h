/* The JSON scanner: one pass over a text that checks it (RFC 8259, UTF-8, nesting) and finds the slices a
 * message needs. It builds nothing and allocates nothing.
 *
 * Strict: no leading zeros, no raw control characters, no lone surrogates, nothing after the value but
 * white space; a number whose value no double can hold (1E400) is refused unless it is an integer.
 *
 * When a scan fails, what it found until then is left in the values: do not look at them.
 */
#ifndef PINION_PROTO_JSON_SCAN_H
#define PINION_PROTO_JSON_SCAN_H

#include "base/slice.h"
#include <pinion/error.h>
#include <stdint.h>

#define PINION_JSON_DEPTH    128
#define PINION_JSON_NAME_MAX 64 /* bytes of a name to look for in an object */

enum pinion_json_type {
    PINION_JSON_NULL,
    PINION_JSON_BOOL,
    PINION_JSON_NUMBER,
    PINION_JSON_STRING,
    PINION_JSON_ARRAY,
    PINION_JSON_OBJECT,
};

/* One value in a text. */
struct pinion_json_value {
    struct pinion_slice text; /* the value as written; a string with its quotes */
    enum pinion_json_type type;
    bool escaped; /* a string with at least one backslash */
    bool spaced;  /* white space inside the value (outside strings): not compact */
};

/* Check one JSON text. PINION_EPROTO: not JSON, or nested deeper than PINION_JSON_DEPTH. */
int pinion__json_scan(struct pinion_slice text, struct pinion_json_value *value);

/* In the next two max_depth (1 to PINION_JSON_DEPTH) is how deep the text may nest, its own array or object
 * included. */

/* Check a JSON text that is an array and give its first `want` elements; more elements are checked and
 * skipped. PINION_EPROTO: not JSON, not an array, or fewer elements. */
int pinion__json_scan_array(struct pinion_slice text, unsigned max_depth, struct pinion_json_value *elements,
                            size_t want);

/* Check a JSON text that is an object, and give the values of the members named in `names` (want of them,
 * each at most PINION_JSON_NAME_MAX bytes); found[i] tells which were there. Names are compared after
 * unescaping; of members with equal names the first counts, as in Phoenix. Other members are checked and
 * skipped. PINION_EPROTO: not JSON, or not an object. */
int pinion__json_scan_object(struct pinion_slice text, unsigned max_depth, const char *const *names,
                             struct pinion_json_value *values, bool *found, size_t want);

/* The characters of a string value, without quotes: a slice of the text where it has no escapes, else
 * unescaped into scratch. PINION_ETOOBIG when they do not fit into scratch_len bytes. */
int pinion__json_unescape(const struct pinion_json_value *string, char *scratch, size_t scratch_len,
                          struct pinion_slice *out);

/* How many bytes pinion__json_quote will write, quotes included. */
size_t pinion__json_quoted_len(struct pinion_slice chars);

/* Write chars as a JSON string, quotes included, as Phoenix does: \b \t \n \f \r \" \\ and \u001F for other
 * control characters, everything else as it is. Returns the end of what was written. */
char *pinion__json_quote(char *out, struct pinion_slice chars);

/* Copy a checked text without the white space between tokens; out has room for text.len bytes.
 * Returns the end of what was written. */
char *pinion__json_compact(char *out, struct pinion_slice text);

#endif
