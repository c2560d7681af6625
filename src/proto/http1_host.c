/* Strict: if a proxy reads another host than we do, requests go to the wrong place. */
#include "proto/http1_host.h"
#include "proto/http1_char.h"
#include <arpa/inet.h>
#include <stdint.h>

static bool is_hex(char c)
{
    return pinion__http1_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Unreserved characters and sub-delims of RFC 3986. */
static bool is_name_char(char c)
{
    return pinion__http1_is_alpha(c) || pinion__http1_is_digit(c) ||
           (c != '\0' && strchr("-._~!$&'()*+,;=", c));
}

/* The length of the reg-name at the start, which may also be an IPv4 address. SIZE_MAX when an escape is
 * broken. */
static size_t name_length(struct pinion_slice text)
{
    size_t len = 0;
    while (len < text.len) {
        if (is_name_char(text.ptr[len])) {
            len++;
        } else if (text.ptr[len] == '%') {
            if (text.len - len < 3 || !is_hex(text.ptr[len + 1]) || !is_hex(text.ptr[len + 2]))
                return SIZE_MAX;
            len += 3;
        } else {
            break;
        }
    }
    return len;
}

/* The length of "[address]" at the start; 0 when there is none. An address with a zone is refused, because a
 * zone means something on one machine only. */
static size_t literal_length(struct pinion_slice text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr binary;
    const char *end = memchr(text.ptr, ']', text.len);
    size_t len = end ? (size_t)(end - text.ptr) : 0;
    if (len < 2 || len > sizeof address)
        return 0;
    memcpy(address, text.ptr + 1, len - 1);
    address[len - 1] = '\0';
    return strlen(address) == len - 1 && inet_pton(AF_INET6, address, &binary) == 1 ? len + 1 : 0;
}

static bool is_port(struct pinion_slice digits)
{
    uint32_t port = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!pinion__http1_is_digit(digits.ptr[i]))
            return false;
        port = port * 10 + (uint32_t)(digits.ptr[i] - '0');
        if (port > UINT16_MAX)
            return false;
    }
    return true;
}

bool pinion__http1_is_host(struct pinion_slice text)
{
    if (text.len == 0)
        return false;
    size_t host = text.ptr[0] == '[' ? literal_length(text) : name_length(text);
    if (host == 0 || host > text.len)
        return false;
    if (host == text.len)
        return true;
    return text.ptr[host] == ':' && is_port(pinion__slice(text.ptr + host + 1, text.len - host - 1));
}
