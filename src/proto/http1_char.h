/* Classes of characters of RFC 9110 and RFC 3986, shared by heads, bodies and hosts. */
#ifndef PINION_PROTO_HTTP1_CHAR_H
#define PINION_PROTO_HTTP1_CHAR_H

#include <stdbool.h>
#include <string.h>

static inline bool pinion__http1_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool pinion__http1_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* tchar: methods, field names and tokens consist of it (RFC 9110 section 5.6.2). */
static inline bool pinion__http1_is_token(char c)
{
    return pinion__http1_is_alpha(c) || pinion__http1_is_digit(c) ||
           (c != '\0' && strchr("-!#$%&'*+.^_`|~", c) != NULL);
}

#endif
