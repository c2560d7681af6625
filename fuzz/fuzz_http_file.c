/* What requests for files ask: ranges, entity tags, dates and codings. The first byte says which, the rest is
 * the field's value. What is read is within its bounds, and holds when it is written and read again.
 *
 * Fuzzes: src/proto/http_range.c src/proto/http_etag.c src/proto/http_date.c src/proto/http_accept.c */
#include "fuzz.h"
#include "proto/http_accept.h"
#include "proto/http_date.h"
#include "proto/http_etag.h"
#include "proto/http_range.h"
#include <inttypes.h>
#include <regex.h>

static bool matches(const char *expression, struct pinion_slice text)
{
    regex_t regex;
    char *copy = allocate(text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    REQUIRE(regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB | REG_ICASE) == 0);
    bool found = strlen(copy) == text.len && regexec(&regex, copy, 0, NULL, 0) == 0;
    regfree(&regex);
    free(copy);
    return found;
}

/* ---- ranges ---- */

static void check_range_of(struct pinion_slice value, uint64_t size)
{
    static const char grammar[] = "^bytes=[, \t]*([0-9]+-[0-9]*|-[0-9]+)[, \t]*$";
    struct pinion_http_part part = { 0 }, again = { 0 };
    char text[80];
    enum pinion_http_range range = pinion__http_range_read(value, size, &part);
    if (range != PINION_HTTP_RANGE_NONE)
        REQUIRE(matches(grammar, value));
    if (range != PINION_HTTP_RANGE_PART)
        return;
    REQUIRE(part.length > 0 && part.length <= size && part.first <= size - part.length);
    snprintf(text, sizeof text, "bytes=%" PRIu64 "-%" PRIu64, part.first, part.first + part.length - 1);
    REQUIRE(pinion__http_range_read(pinion__slice_str(text), size, &again) == PINION_HTTP_RANGE_PART);
    REQUIRE(again.first == part.first && again.length == part.length);
}

static void check_range(struct pinion_slice value)
{
    static const uint64_t sizes[] = { 0, 1, 10, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX, UINT64_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_range_of(value, sizes[i]);
}

/* ---- tags ---- */

static void check_tags(struct pinion_slice list)
{
    static const struct pinion_slice tag = { "\"a,b\"", 5 };
    char *longer = allocate(tag.len + 1 + list.len);
    bool strong = pinion__http_etags_have(list, tag, true);
    if (strong)
        REQUIRE(pinion__http_etags_have(list, tag, false));
    if (pinion__http_is_etag(list))
        REQUIRE(pinion__http_etags_have(list, list, true));
    memcpy(longer, tag.ptr, tag.len);
    longer[tag.len] = ',';
    memcpy(longer + tag.len + 1, list.ptr, list.len);
    REQUIRE(pinion__http_etags_have(pinion__slice(longer, tag.len + 1 + list.len), tag, true));
    free(longer);
}

/* ---- dates ---- */

static void check_date(struct pinion_slice text)
{
    static const int64_t nows[] = { 0, 784111777, 4102444800 };
    for (size_t i = 0; i < sizeof nows / sizeof *nows; i++) {
        char written[PINION_HTTP_DATE];
        int64_t seconds = 0, again = 0;
        if (!pinion__http_date_read(text, nows[i], &seconds))
            return;
        if (seconds > INT64_C(253402300799)) /* a leap second behind the year 9999 */
            return;
        pinion__http_date_write(seconds, written);
        REQUIRE(pinion__http_date_read(pinion__slice_str(written), nows[i], &again) && again == seconds);
    }
}

/* ---- codings ---- */

static void check_codings(struct pinion_slice list)
{
    static const char *const codings[] = { "br", "gzip", "identity" };
    struct pinion_http_request request = { .header_count = 1 };
    request.headers[0] = (struct pinion_http_header){ pinion__slice_str("Accept-Encoding"), list };
    int other = pinion__http_accept_weight(&request, "*");
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        int weight = pinion__http_accept_weight(&request, codings[i]);
        REQUIRE(weight >= PINION_HTTP_UNNAMED && weight <= 1000);
        if (weight == PINION_HTTP_UNNAMED)
            REQUIRE(other == PINION_HTTP_UNNAMED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct pinion_slice) = { check_range, check_tags, check_date,
                                                           check_codings };
    struct input input = { data, size };
    unsigned which = input_pick(&input, 4);
    struct pinion_slice value = input_rest(&input);
    char *exact = copy_exactly(value);
    checks[which](pinion__slice(exact, value.len));
    free(exact);
    return 0;
}
