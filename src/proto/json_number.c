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

/* The next number at or after `at` that is not in a string; an empty slice at the end of the text. */
static struct pinion_slice next_number(const char *at, const char *end)
{
    while (at < end && !starts_number(*at))
        at = *at == '"' ? pinion__json_skip_string(at) : at + 1;
    const char *start = at;
    while (at < end && is_number_char(*at))
        at++;
    return pinion__slice(start, (size_t)(at - start));
}

/* ---- reals ---- */

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_real(struct pinion_slice number)
{
    return memchr(number.ptr, '.', number.len) || memchr(number.ptr, 'e', number.len);
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
    static pthread_once_t once = PTHREAD_ONCE_INIT;
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

/* ---- negative zeros ---- */

static bool is_minus_zero(struct pinion_slice number)
{
    return pinion__slice_is(number, "-0");
}

bool pinion__json_has_minus_zero(struct pinion_slice text)
{
    const char *end = text.ptr + text.len;
    struct pinion_slice number;
    if (text.len < 2 || !memmem(text.ptr, text.len, "-0", 2))
        return false;
    for (const char *at = text.ptr; (number = next_number(at, end)).len > 0; at = number.ptr + number.len) {
        if (is_minus_zero(number))
            return true;
    }
    return false;
}

size_t pinion__json_real_minus_zeros(struct pinion_slice text, char *out)
{
    const char *end = text.ptr + text.len, *from = text.ptr;
    char *to = out;
    struct pinion_slice number;
    for (const char *at = text.ptr; (number = next_number(at, end)).len > 0; at = number.ptr + number.len) {
        if (!is_minus_zero(number))
            continue;
        to = pinion__slice_put(to, pinion__slice(from, (size_t)(number.ptr + number.len - from)));
        to = pinion__slice_put(to, pinion__slice_str(".0"));
        from = number.ptr + number.len;
    }
    return (size_t)(pinion__slice_put(to, pinion__slice(from, (size_t)(end - from))) - out);
}
