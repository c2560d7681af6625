/* Origins that clients send, patterns that applications list, and hosts. The input is one text for all three,
 * which regular expressions read a second time. What is read can be written, and is read again as the same.
 *
 * Fuzzes: src/proto/origin.c src/proto/origin_pattern.c src/proto/http1_host.c */
#include "fuzz.h"
#include "proto/http1_host.h"
#include "proto/origin.h"
#include "proto/origin_pattern.h"
#include <arpa/inet.h>
#include <regex.h>

#define GROUPS 8

static bool matches(const char *expression, const char *text, regmatch_t groups[GROUPS])
{
    regex_t regex;
    REQUIRE(regcomp(&regex, expression, REG_EXTENDED) == 0);
    bool found = regexec(&regex, text, GROUPS, groups, 0) == 0;
    regfree(&regex);
    return found;
}

static struct pinion_slice group(const char *text, regmatch_t found)
{
    return found.rm_so < 0 ? pinion__slice(NULL, 0)
                           : pinion__slice(text + found.rm_so, (size_t)(found.rm_eo - found.rm_so));
}

/* A number of digits only; no text is too long for it. */
static unsigned long number(struct pinion_slice digits)
{
    unsigned long value = 0;
    for (size_t i = 0; i < digits.len && value <= UINT16_MAX; i++)
        value = value * 10 + (unsigned long)(digits.ptr[i] - '0');
    return value;
}

/* ---- hosts ---- */

static bool is_ipv6(struct pinion_slice text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static bool is_host(const char *text)
{
    regmatch_t found[GROUPS];
    if (matches("^([-A-Za-z0-9._~!$&'()*+,;=]|%[0-9A-Fa-f][0-9A-Fa-f])+(:([0-9]*))?$", text, found))
        return number(group(text, found[3])) <= UINT16_MAX;
    return matches("^\\[([^]]*)\\](:([0-9]*))?$", text, found) && is_ipv6(group(text, found[1])) &&
           number(group(text, found[3])) <= UINT16_MAX;
}

/* ---- origins ---- */

static bool is_origin(const char *text)
{
    regmatch_t found[GROUPS];
    return (matches("^([^:/]+:)?//([*]|[-A-Za-z0-9._])[-A-Za-z0-9._]*(:([0-9]{1,5}))?([/?#]|$)", text,
                    found) ||
            matches("^([^:/]+:)?//\\[([*]|[-A-Za-z0-9._:%])[-A-Za-z0-9._:%]*\\](:([0-9]{1,5}))?([/?#]|$)",
                    text, found)) &&
           (found[4].rm_so < 0 ||
            (number(group(text, found[4])) > 0 && number(group(text, found[4])) <= UINT16_MAX));
}

static void check_rewritten(const struct pinion_origin *origin, size_t len)
{
    struct pinion_origin again;
    size_t room = len + 20;
    char *text = allocate(room);
    bool ipv6 =
        memchr(origin->host.ptr, ':', origin->host.len) || memchr(origin->host.ptr, '%', origin->host.len);
    int end = snprintf(text, room, "%.*s%s//%s%.*s%s", (int)origin->scheme.len,
                       origin->scheme.len ? origin->scheme.ptr : "", origin->scheme.len ? ":" : "",
                       ipv6 ? "[" : "", (int)origin->host.len, origin->host.ptr, ipv6 ? "]" : "");
    if (origin->port)
        end += snprintf(text + end, room - (size_t)end, ":%u", origin->port);
    REQUIRE((size_t)end < room && pinion__origin_read(pinion__slice(text, (size_t)end), &again));
    REQUIRE(pinion__origin_equal(origin, &again) && pinion__origin_equal(&again, origin));
    free(text);
}

static void check_origin(struct pinion_slice text, const char *terminated)
{
    struct pinion_origin origin;
    bool read = pinion__origin_read(text, &origin);
    REQUIRE(read == is_origin(terminated));
    if (!read)
        return;
    REQUIRE(lies_in(origin.host, text) && origin.host.len > 0);
    REQUIRE(lies_in(origin.scheme, text) || pinion__slice_is(origin.scheme, "http") ||
            pinion__slice_is(origin.scheme, "https"));
    check_rewritten(&origin, text.len);
}

/* ---- patterns ---- */

/* True if the pattern covers its own host and port (any port if it has none) with this text in front of the
 * host. */
static bool covers(const struct pinion_origin *pattern, const char *before, struct pinion_slice host)
{
    size_t len = strlen(before) + host.len;
    char *text = allocate(len);
    memcpy(text, before, strlen(before));
    memcpy(text + strlen(before), host.ptr, host.len);
    struct pinion_origin origin = { .scheme =
                                        pattern->scheme.len ? pattern->scheme : pinion__slice_str("http"),
                                    .host = pinion__slice(text, len),
                                    .port = pattern->port ? pattern->port : 80 };
    bool covered = pinion__origin_matches(&origin, pattern);
    origin.port ^= 1;
    REQUIRE(pattern->port == 0 || !pinion__origin_matches(&origin, pattern));
    free(text);
    return covered;
}

static void check_pattern(struct pinion_slice text)
{
    struct pinion_origin pattern, origin;
    char *why = allocate(PINION_ORIGIN_WHY);
    if (!pinion__origin_pattern_read(text, &pattern, why)) {
        size_t len = strnlen(why, PINION_ORIGIN_WHY);
        REQUIRE(len > 0 && len < PINION_ORIGIN_WHY);
        free(why);
        return;
    }
    free(why);
    REQUIRE(pinion__origin_read(text, &origin) && pinion__origin_equal(&origin, &pattern));
    struct pinion_slice host = pattern.host;
    bool star = host.ptr[0] == '*';
    if (star)
        host = pinion__slice(host.ptr + 2, host.len - 2);
    REQUIRE(host.len > 0 && !memchr(host.ptr, '*', host.len));
    REQUIRE(covers(&pattern, "", host));
    REQUIRE(covers(&pattern, "a.", host) == star && covers(&pattern, "a.b.", host) == star);
    REQUIRE(!covers(&pattern, "a", host) && !covers(&pattern, "evil-", host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_slice given = pinion__slice((const char *)data, size);
    char *exact = copy_exactly(given), *terminated = allocate(size + 1);
    struct pinion_slice text = pinion__slice(exact, size);
    if (size)
        memcpy(terminated, data, size);
    terminated[size] = '\0';
    bool has_nul = strlen(terminated) < size;
    if (has_nul)
        REQUIRE(!pinion__http1_is_host(text));
    else
        REQUIRE(pinion__http1_is_host(text) == is_host(terminated));
    if (!has_nul)
        check_origin(text, terminated);
    check_pattern(text);
    free(terminated);
    free(exact);
    return 0;
}
