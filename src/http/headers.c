#include "http/headers.h"
#include "base/log.h"
#include "base/quote.h"
#include "http/answer.h"
#include "proto/http1_char.h"
#include <strings.h>

#define QUOTE(text) PINION_QUOTE(pinion__slice_str(text))

/* They say where the answer ends and what becomes of the connection, or stand in every answer. */
static const char *const ours[] = {
    "connection", "content-length", "date",    "keep-alive",        "proxy-connection",
    "te",         "trailer",        "upgrade", "transfer-encoding", "x-content-type-options",
};

void pinion__http_headers_init(struct pinion_http_headers *headers)
{
    *headers = (struct pinion_http_headers){ .typed = false };
    pinion__buf_init(&headers->lines, PINION_HTTP_HEADERS_BYTES);
}

void pinion__http_headers_release(struct pinion_http_headers *headers)
{
    pinion__buf_release(&headers->lines);
}

void pinion__http_headers_restore(struct pinion_http_headers *headers,
                                  const struct pinion_http_headers *before)
{
    headers->lines.len = before->lines.len; /* its memory may have moved */
    headers->typed = before->typed;
    headers->cached = before->cached;
}

bool pinion__http_header_is_value(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    }
    return true;
}

bool pinion__http_header_is_token(const char *text)
{
    if (!*text)
        return false;
    while (*text && pinion__http1_is_token(*text))
        text++;
    return !*text;
}

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    }
    return false;
}

static int check(const char *name, const char *value)
{
    if (!pinion__http_header_is_token(name))
        return pinion__fail(PINION_EINVAL, "a header cannot have the name %s", QUOTE(name));
    if (is_ours(name))
        return pinion__fail(PINION_EINVAL, "the library writes the header %s itself", QUOTE(name));
    if (!value || !pinion__http_header_is_value(value))
        return pinion__fail(PINION_EINVAL, "the header %s has no value, or control characters in it",
                            QUOTE(name));
    return 0;
}

int pinion__http_headers_line(struct pinion_http_headers *headers, const char *name,
                              struct pinion_slice value)
{
    struct pinion_buf *lines = &headers->lines;
    int rc = pinion__buf_reserve(lines, strlen(name) + value.len + sizeof ": \r\n" - 1);
    if (rc)
        return rc;
    (void)pinion__buf_append_str(lines, name); /* there is room */
    (void)pinion__buf_append_str(lines, ": ");
    (void)pinion__buf_append(lines, value.ptr, value.len);
    (void)pinion__buf_append_str(lines, "\r\n");
    return 0;
}

int pinion__http_headers_add(struct pinion_http_headers *headers, const char *name, const char *value)
{
    int rc = check(name, value);
    if (!rc)
        rc = pinion__http_headers_line(headers, name, pinion__slice_str(value));
    if (rc)
        return rc;
    headers->typed |= strcasecmp(name, "content-type") == 0;
    headers->cached |= strcasecmp(name, "cache-control") == 0;
    return 0;
}

int pinion__http_headers_end(struct pinion_http_headers *headers)
{
    int rc = headers->cached ? 0 : pinion__buf_append_str(&headers->lines, PINION_HTTP_PRIVATE);
    return rc ? rc : pinion__buf_append_char(&headers->lines, '\0');
}

bool pinion__http_headers_any(const struct pinion_http_headers *headers, bool (*fn)(struct pinion_slice name))
{
    const char *at = headers->lines.data, *end = headers->lines.len ? at + headers->lines.len : at;
    while (at < end) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        if (fn(pinion__slice(at, (size_t)(colon - at))))
            return true;
        at = (const char *)memchr(colon, '\n', (size_t)(end - colon)) + 1;
    }
    return false;
}
