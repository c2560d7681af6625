#include "proto/http_accept.h"
#include "proto/http1_char.h"
#include <strings.h>

#define FULL 1000

/* "0.5", with up to three decimals, and up to 1. What is not such a number refuses the coding. */
static int read_weight(struct pinion_slice text)
{
    int weight = 0, unit = FULL;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[1] != '.'))
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1)
            continue;
        if (!pinion__http1_is_digit(text.ptr[i]))
            return 0;
        weight += (text.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return weight <= FULL ? weight : 0;
}

/* Of what is behind the semicolon: "q=0.5". */
static int weight_of(struct pinion_slice parameter)
{
    parameter = pinion__slice_trim(parameter);
    if (parameter.len < 2 || (parameter.ptr[0] != 'q' && parameter.ptr[0] != 'Q') || parameter.ptr[1] != '=')
        return 0;
    return read_weight(pinion__slice(parameter.ptr + 2, parameter.len - 2));
}

static bool is_named(struct pinion_slice name, const char *coding)
{
    return name.len == strlen(coding) && strncasecmp(name.ptr, coding, name.len) == 0;
}

static bool is_coding(struct pinion_slice name, const char *coding)
{
    return is_named(name, coding) || (strcmp(coding, "gzip") == 0 && is_named(name, "x-gzip"));
}

struct found {
    int named; /* PINION_HTTP_UNNAMED: it is not */
    int other; /* of "*" */
};

static void look_at(struct pinion_slice element, const char *coding, struct found *found)
{
    const char *semicolon = memchr(element.ptr, ';', element.len);
    size_t len = semicolon ? (size_t)(semicolon - element.ptr) : element.len;
    struct pinion_slice name = pinion__slice_trim(pinion__slice(element.ptr, len));
    int weight = semicolon ? weight_of(pinion__slice(semicolon + 1, element.len - len - 1)) : FULL;
    if (found->named == PINION_HTTP_UNNAMED && is_coding(name, coding))
        found->named = weight;
    if (found->other == PINION_HTTP_UNNAMED && is_named(name, "*"))
        found->other = weight;
}

int pinion__http_accept_weight(const struct pinion_http_request *request, const char *coding)
{
    struct found found = { PINION_HTTP_UNNAMED, PINION_HTTP_UNNAMED };
    for (size_t i = 0; i < request->header_count; i++) {
        struct pinion_slice list = request->headers[i].value, element;
        if (!pinion__http1_header_is(&request->headers[i], "accept-encoding"))
            continue;
        while (pinion__http1_next_element(&list, &element))
            look_at(element, coding, &found);
    }
    return found.named != PINION_HTTP_UNNAMED ? found.named : found.other;
}
