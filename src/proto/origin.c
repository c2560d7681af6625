#include "proto/origin.h"
#include "proto/forwarded.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same(struct pinion_slice a, struct pinion_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

static bool is(struct pinion_slice text, const char *word)
{
    return same(text, pinion__slice_str(word));
}

/* The text without its first n bytes. An empty text may have a NULL pointer, which must not be moved. */
static struct pinion_slice after(struct pinion_slice text, size_t n)
{
    return n == 0 ? text : pinion__slice(text.ptr + n, text.len - n);
}

static uint16_t port_of_scheme(struct pinion_slice scheme)
{
    if (is(scheme, "http") || is(scheme, "ws"))
        return 80;
    return is(scheme, "https") || is(scheme, "wss") ? 443 : 0;
}

static bool read_port(struct pinion_slice digits, uint16_t *port)
{
    uint32_t value = 0;
    if (digits.len == 0 || digits.len > 5)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

/* True for letters, digits, and the other characters of names and addresses. A user, a path or a query is
 * refused. */
static bool is_host(struct pinion_slice host, bool ipv6)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = lower(host.ptr[i]);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!plain && !(ipv6 && (c == ':' || c == '%')) && !(c == '*' && i == 0))
            return false;
    }
    return host.len > 0;
}

/* Read "host[:port]" or "[address][:port]". */
static bool read_authority(struct pinion_slice text, struct pinion_origin *origin)
{
    bool ipv6 = text.len > 0 && text.ptr[0] == '[';
    const char *end = text.len ? memchr(text.ptr, ipv6 ? ']' : ':', text.len) : NULL;
    if (ipv6 && !end)
        return false;
    size_t host_end = end ? (size_t)(end - text.ptr) : text.len;
    origin->host = ipv6 ? pinion__slice(text.ptr + 1, host_end - 1) : pinion__slice(text.ptr, host_end);
    struct pinion_slice rest = after(text, ipv6 ? host_end + 1 : host_end);
    origin->port = port_of_scheme(origin->scheme);
    if (!is_host(origin->host, ipv6))
        return false;
    return rest.len == 0 || (rest.ptr[0] == ':' && read_port(after(rest, 1), &origin->port));
}

static struct pinion_slice before_path(struct pinion_slice text)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] != '/' && text.ptr[len] != '?' && text.ptr[len] != '#')
        len++;
    return pinion__slice(text.ptr, len);
}

/* A client that is not a browser may send the scheme of its WebSocket. It counts as the scheme of a page. */
static struct pinion_slice page_scheme(struct pinion_slice scheme)
{
    return is(scheme, "ws")    ? pinion__slice_str("http")
           : is(scheme, "wss") ? pinion__slice_str("https")
                               : scheme;
}

bool pinion__origin_read(struct pinion_slice text, struct pinion_origin *origin)
{
    size_t scheme = 0;
    while (scheme < text.len && text.ptr[scheme] != ':' && text.ptr[scheme] != '/')
        scheme++;
    *origin = (struct pinion_origin){ .scheme = page_scheme(pinion__slice(text.ptr, scheme)) };
    struct pinion_slice rest = after(text, scheme);
    if (scheme > 0 && (rest.len == 0 || rest.ptr[0] != ':'))
        return false;
    if (scheme > 0)
        rest = after(rest, 1);
    return rest.len > 2 && rest.ptr[0] == '/' && rest.ptr[1] == '/' &&
           read_authority(before_path(after(rest, 2)), origin);
}

bool pinion__origin_of_host(struct pinion_slice scheme, struct pinion_slice host,
                            struct pinion_origin *origin)
{
    *origin = (struct pinion_origin){ .scheme = scheme };
    return read_authority(host, origin);
}

/* Compare addresses by value: an IPv6 address has many spellings. */
static bool same_host(struct pinion_slice a, struct pinion_slice b)
{
    uint8_t address_a[16], address_b[16];
    bool ipv6 = a.len && b.len && memchr(a.ptr, ':', a.len) && memchr(b.ptr, ':', b.len);
    if (ipv6 && pinion__address_read(a, address_a) && pinion__address_read(b, address_b))
        return memcmp(address_a, address_b, sizeof address_a) == 0;
    return same(a, b);
}

bool pinion__origin_equal(const struct pinion_origin *a, const struct pinion_origin *b)
{
    return same(a->scheme, b->scheme) && same_host(a->host, b->host) && a->port == b->port;
}

static bool host_matches(struct pinion_slice host, struct pinion_slice pattern)
{
    if (pattern.len < 3 || pattern.ptr[0] != '*')
        return same_host(host, pattern);
    struct pinion_slice domain = after(pattern, 1); /* with its dot */
    if (same(host, after(domain, 1)))
        return true;
    return host.len > domain.len && same(after(host, host.len - domain.len), domain);
}

bool pinion__origin_matches(const struct pinion_origin *origin, const struct pinion_origin *pattern)
{
    return (pattern->scheme.len == 0 || same(origin->scheme, pattern->scheme)) &&
           (pattern->port == 0 || origin->port == pattern->port) && host_matches(origin->host, pattern->host);
}

bool pinion__origin_matches_any(const struct pinion_origin *origin, const struct pinion_origin *patterns,
                                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pinion__origin_matches(origin, &patterns[i]))
            return true;
    }
    return false;
}
