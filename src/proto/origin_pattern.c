/* The pattern is read like an origin. Then its parts are checked one by one, the most likely mistakes
 * first. */
#include "proto/origin_pattern.h"
#include "proto/forwarded.h"
#include <arpa/inet.h>
#include <stdio.h>

#define SHOWN 60 /* the most bytes of a part to show in a sentence */

/* A part of a text, for "%.*s". */
#define PART(slice) (int)((slice).len > SHOWN ? SHOWN : (slice).len), (slice).len ? (slice).ptr : ""

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 section 3.1. An empty scheme means any. */
static bool is_scheme(struct pinion_slice scheme)
{
    for (size_t i = 0; i < scheme.len; i++) {
        char c = scheme.ptr[i];
        if (!is_letter(c) && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.')))
            return false;
    }
    return true;
}

static bool has(struct pinion_slice text, char c)
{
    return text.len > 0 && memchr(text.ptr, c, text.len) != NULL;
}

/* The text before the host: the scheme and the slashes. */
static struct pinion_slice before_host(struct pinion_slice text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] == '/' && text.ptr[i + 1] == '/')
            return pinion__slice(text.ptr, i + 2);
    }
    return pinion__slice(text.ptr, 0);
}

static struct pinion_slice behind(struct pinion_slice text, size_t n)
{
    return n == 0 ? text : pinion__slice(text.ptr + n, text.len - n);
}

/* Find a star that is not a "*." before a domain. */
static bool explain_star(struct pinion_slice text, char why[PINION_ORIGIN_WHY])
{
    struct pinion_slice head = before_host(text), host = behind(text, head.len);
    bool below = host.len > 2 && host.ptr[0] == '*' && host.ptr[1] == '.' && host.ptr[2] != ':';
    struct pinion_slice domain = behind(host, host.len > 0 && host.ptr[0] == '*' ? 1 : 0);
    if (!has(text, '*') || (below && !has(behind(host, 1), '*') && !has(head, '*')))
        return false;
    if (has(head, '*'))
        snprintf(why, PINION_ORIGIN_WHY, "'*' cannot be a scheme: write \"//%.*s\" for any scheme",
                 PART(host));
    else if (domain.len == 0 || domain.ptr[0] == '.' || domain.ptr[0] == ':')
        snprintf(
            why, PINION_ORIGIN_WHY,
            "'*' alone is not a host: set any_origin to let all pages in, or write \"//*.example.com\" for "
            "a domain and all below it");
    else if (domain.len < host.len && !has(domain, '*'))
        snprintf(why, PINION_ORIGIN_WHY,
                 "'*' stands for whole names: write \"%.*s*.%.*s\" for the domain and all names below it, or "
                 "\"%.*s%.*s\" for the domain alone",
                 PART(head), PART(domain), PART(head), PART(domain));
    else
        snprintf(why, PINION_ORIGIN_WHY,
                 "'*' may only be the first name of a host: write \"//*.example.com\" for a domain and all "
                 "below it; without a port any port is meant");
    return true;
}

/* A browser takes such a host for an IPv4 address, and sends it as four numbers. */
static bool is_odd_address(struct pinion_slice host)
{
    size_t last = host.len;
    char copy[INET_ADDRSTRLEN] = { 0 };
    struct in_addr address;
    while (last > 0 && host.ptr[last - 1] != '.')
        last--;
    if (last == host.len || !is_digit(host.ptr[last]))
        return false;
    for (size_t i = last; i < host.len; i++) {
        bool hex = host.len > last + 1 && (host.ptr[last + 1] | 0x20) == 'x';
        if (!hex && !is_digit(host.ptr[i]))
            return false;
    }
    if (host.len >= sizeof copy)
        return true;
    memcpy(copy, host.ptr, host.len);
    return inet_pton(AF_INET, copy, &address) != 1;
}

static const char *explain_host(struct pinion_slice host)
{
    uint8_t address[16];
    if (has(host, ':') || has(host, '%'))
        return pinion__address_read(host, address) ? NULL : "the text in brackets is not an IPv6 address";
    if (host.ptr[0] == '.')
        return "a host does not begin with a dot: write \"//*.example.com\" for a domain and all below it";
    if (host.ptr[host.len - 1] == '.')
        return "leave out the dot at the end of the host";
    for (size_t i = 1; i < host.len; i++) {
        if (host.ptr[i] == '.' && host.ptr[i - 1] == '.')
            return "there is an empty name between two dots";
    }
    return is_odd_address(host) ? "an IPv4 address is written as four numbers up to 255: \"http://192.0.2.1\""
                                : NULL;
}

static bool has_path(struct pinion_slice text)
{
    struct pinion_slice rest = behind(text, before_host(text).len);
    const char *slash = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
    return has(rest, '?') || has(rest, '#') || (slash && slash + 1 != rest.ptr + rest.len);
}

static bool is_ascii(struct pinion_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

/* Why the pattern could not be read, or should not be used; NULL when it is good. */
static const char *explain(struct pinion_slice text, bool read, const struct pinion_origin *pattern)
{
    if (!is_ascii(text))
        return "browsers send hosts in ASCII: write \"https://xn--...\"";
    if (!read)
        return "write \"https://example.com\" or \"https://example.com:8443\", or \"//example.com\" for any "
               "scheme and port";
    if (!is_scheme(pattern->scheme))
        return "a scheme consists of letters and digits: write \"https://example.com\"";
    if (has_path(text))
        return "browsers do not send a path: end the origin after the host or the port";
    return explain_host(pattern->host);
}

bool pinion__origin_pattern_read(struct pinion_slice text, struct pinion_origin *pattern,
                                 char why[PINION_ORIGIN_WHY])
{
    if (explain_star(text, why))
        return false;
    bool read = pinion__origin_read(text, pattern);
    const char *sentence = explain(text, read, pattern);
    if (sentence)
        snprintf(why, PINION_ORIGIN_WHY, "%s", sentence);
    return !sentence;
}
