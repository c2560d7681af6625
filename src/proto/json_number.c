/* The text was written by jansson or checked by the scanner, so nothing here looks for mistakes. A number is
 * found by its first character, outside of strings. */
#include "proto/json_number.h"
#include "proto/json_word.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_EXACT DBL_DIG /* a decimal with this many digits reads back the same: fewer are not tried */
#define DIGITS_MAX   DBL_DECIMAL_DIG /* this many digits tell every real from its neighbours */
#define NUMBER_MAX   40              /* no real has more characters */

static bool starts_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

static bool is_number_char(char c)
{
    return starts_number(c) || c == '.' || c == 'e' || c == 'E' || c == '+';
}

struct pinion_slice pinion__json_number_at(struct pinion_slice text)
{
    size_t len = 0;
    while (len < text.len && is_number_char(text.ptr[len]))
        len++;
    return pinion__slice(text.ptr, len);
}

/* The next number at or after `at` that is not in a string; an empty slice at the end of the text. */
static struct pinion_slice next_number(const char *at, const char *end)
{
    while (at < end && !starts_number(*at))
        at = *at == '"' ? pinion__json_skip_string(at) : at + 1;
    return pinion__json_number_at(pinion__slice(at, (size_t)(end - at)));
}

/* ---- reals ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_real(struct pinion_slice number)
{
    return memchr(number.ptr, '.', number.len) || memchr(number.ptr, 'e', number.len) ||
           memchr(number.ptr, 'E', number.len);
}

/* Bring a real of printf into JSON's form: it keeps a mark of a real, and its exponent is short. */
static void tidy(char text[NUMBER_MAX])
{
    char *e = strchr(text, 'e');
    if (!e) {
        if (!strchr(text, '.'))
            memcpy(text + strlen(text), ".0", sizeof ".0");
        return;
    }
    char *from = e + 1, *to = e + 1;
    if (*from == '-')
        to++;
    from++; /* after the sign, which printf always writes */
    from += strspn(from, "0");
    memmove(to, from, strlen(from) + 1);
}

/* Write the shortest text of this real. Returns its length if it is shorter than the present text, otherwise
 * 0. */
static size_t shortest(struct pinion_slice number, char out[NUMBER_MAX])
{
    char text[NUMBER_MAX];
    memcpy(text, number.ptr, number.len);
    text[number.len] = '\0';
    double value = strtod(text, NULL);
    int digits = fabs(value) < DBL_MIN ? 1 : DIGITS_EXACT; /* a subnormal number has fewer digits */
    for (; digits < DIGITS_MAX; digits++) {
        snprintf(out, NUMBER_MAX - 2, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            tidy(out);
            size_t len = strlen(out);
            return len < number.len ? len : 0;
        }
    }
    return 0;
}

/* Move the text between two numbers down to the new end of the first, if that has become shorter. */
static char *move_down(char *to, const char *from, const char *end)
{
    size_t len = (size_t)(end - from);
    if (to != from)
        memmove(to, from, len);
    return to + len;
}

static size_t shorten_all(char *text, size_t len)
{
    const char *end = text + len, *from = text;
    char out[NUMBER_MAX], *to = text;
    struct pinion_slice number;
    for (const char *at = text; (number = next_number(at, end)).len > 0; at = number.ptr + number.len) {
        bool long_real = number.len > DIGITS_EXACT && number.len < NUMBER_MAX && is_real(number);
        size_t short_len = long_real ? shortest(number, out) : 0;
        if (short_len == 0)
            continue;
        to = move_down(to, from, number.ptr);
        memcpy(to, out, short_len);
        to += short_len;
        from = number.ptr + number.len;
    }
    return (size_t)(move_down(to, from, end) - text);
}

size_t pinion__json_shorten_reals(char *text, size_t len)
{
    if (len <= DIGITS_EXACT || !memchr(text, '.', len)) /* a real with more than one digit has a point */
        return len;
    pthread_once(&once, make_c_locale);
    if (c_locale == (locale_t)0)
        return len;
    locale_t before = uselocale(c_locale); /* other locales may write a comma */
    len = shorten_all(text, len);
    uselocale(before);
    return len;
}

/* ---- reading ---- */

/* False: it is not an integer, or not one of 64 bits. */
static bool read_integer(struct pinion_slice number, int64_t *integer)
{
    bool negative = number.ptr[0] == '-';
    int64_t value = 0;
    for (size_t i = negative ? 1 : 0; i < number.len; i++) {
        int digit = number.ptr[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *integer = value;
    return !(negative && value == 0);
}

static double to_real(const char *text)
{
    pthread_once(&once, make_c_locale);
    return c_locale == (locale_t)0 ? strtod(text, NULL) : strtod_l(text, NULL, c_locale);
}

/* What follows the number may be memory of others: strtod gets a copy that ends. */
static bool read_real(struct pinion_slice number, double *real)
{
    char few[NUMBER_MAX + 1];
    char *copy = number.len < sizeof few ? few : malloc(number.len + 1);
    if (!copy)
        return false;
    memcpy(copy, number.ptr, number.len);
    copy[number.len] = '\0';
    *real = to_real(copy);
    if (copy != few)
        free(copy);
    return true;
}

enum pinion_json_number pinion__json_read_number(struct pinion_slice number, int64_t *integer, double *real)
{
    if (read_integer(number, integer))
        return PINION_JSON_INTEGER;
    if (!read_real(number, real))
        return PINION_JSON_NO_NUMBER;
    return is_real(number) || *real == 0 ? PINION_JSON_REAL : PINION_JSON_WIDE;
}
