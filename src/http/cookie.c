/* Cookies (RFC 6265): those of a request, and those of its answer. */
#include "base/log.h"
#include "base/misuse.h"
#include "base/quote.h"
#include "base/sized.h"
#include "http/call.h"
#include "http/http.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define QUOTE(text) PINION_QUOTE(pinion__slice_str(text))

/* ---- reading ---- */

/* Take the next pair of a Cookie header. Returns false when there are no more. */
static bool next_pair(struct pinion_slice *rest, struct pinion_slice *name, struct pinion_slice *value)
{
    while (rest->len > 0) {
        const char *end = memchr(rest->ptr, ';', rest->len);
        size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
        struct pinion_slice pair = pinion__slice_trim(pinion__slice(rest->ptr, len));
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        len += end ? 1 : 0;
        *rest = pinion__slice(rest->ptr + len, rest->len - len);
        if (!equals)
            continue;
        *name = pinion__slice(pair.ptr, (size_t)(equals - pair.ptr));
        *value = pinion__slice(equals + 1, pair.len - name->len - 1);
        return true;
    }
    return false;
}

pinion_slice pinion_request_cookie(const pinion_request *request, const char *name)
{
    struct pinion_slice none = { NULL, 0 }, key, value;
    PINION_NEED(request, return none);
    PINION_NEED(name, return none);
    for (size_t i = 0; i < request->head->header_count; i++) {
        const struct pinion_http_header *header = &request->head->headers[i];
        struct pinion_slice rest = header->value;
        if (!pinion__http1_header_is(header, "cookie"))
            continue;
        while (next_pair(&rest, &key, &value)) {
            if (pinion__slice_is(key, name))
                return value;
        }
    }
    return none;
}

/* ---- setting ---- */

/* cookie-octet of RFC 6265 section 4.1.1. */
static bool is_value(const char *text)
{
    while (*text > ' ' && *text <= '~' && !strchr("\",;\\", *text))
        text++;
    return !*text;
}

/* What may stand in Path and Domain. */
static bool is_attribute(const char *text)
{
    while (*text >= ' ' && *text <= '~' && *text != ';')
        text++;
    return !*text;
}

static bool is_same_site(const char *text)
{
    return strcmp(text, "Lax") == 0 || strcmp(text, "Strict") == 0 || strcmp(text, "None") == 0;
}

/* The prefixes of RFC 6265bis section 4.1.3: browsers drop a cookie that does not keep what its name says. */
static bool is_of_host(const char *name)
{
    return strncasecmp(name, "__Host-", 7) == 0;
}

static bool must_be_secure(const char *name, const char *same_site)
{
    return is_of_host(name) || strncasecmp(name, "__Secure-", 9) == 0 || strcmp(same_site, "None") == 0;
}

static int check(const char *name, const char *value, const pinion_cookie_options *options)
{
    if (!pinion__http_header_is_token(name))
        return pinion__fail(PINION_EINVAL, "a cookie cannot have the name %s", QUOTE(name));
    if (!is_value(value))
        return pinion__fail(PINION_EINVAL, "the cookie %s has a value with characters that need an encoding",
                            QUOTE(name));
    if (!is_attribute(options->path))
        return pinion__fail(PINION_EINVAL, "path: a cookie cannot be for %s", QUOTE(options->path));
    if (options->domain && !is_attribute(options->domain))
        return pinion__fail(PINION_EINVAL, "domain: a cookie cannot be for %s", QUOTE(options->domain));
    if (!is_same_site(options->same_site))
        return pinion__fail(PINION_EINVAL, "same_site: %s is none of Lax, Strict and None",
                            QUOTE(options->same_site));
    if (is_of_host(name) && (options->domain || strcmp(options->path, "/") != 0))
        return pinion__fail(PINION_EINVAL, "the cookie %s has a name for the path \"/\" and no domain",
                            QUOTE(name));
    return 0;
}

/* An age of 0 removes the cookie. */
static void write_age(int64_t age, char *out, size_t size)
{
    out[0] = '\0';
    if (age)
        snprintf(out, size, "; Max-Age=%" PRId64, age > 0 ? age : 0);
}

static int put(pinion_request *request, const char *name, const char *value,
               const pinion_cookie_options *options)
{
    char age[48];
    const char *domain = options->domain ? options->domain : "";
    size_t size = strlen(name) + strlen(value) + strlen(options->path) + strlen(domain) + 150;
    char *line = malloc(size);
    if (!line)
        return PINION_ENOMEM;
    write_age(options->max_age, age, sizeof age);
    snprintf(line, size, "%s=%s; Path=%s%s%s%s; SameSite=%s%s%s", name, value, options->path,
             options->domain ? "; Domain=" : "", domain, age, options->same_site,
             options->secure ? "; Secure" : "", options->scripted ? "" : "; HttpOnly");
    int rc = pinion__request_put(request, "set-cookie", line);
    free(line);
    return rc;
}

static int put_cookie(pinion_request *request, const char *name, const char *value,
                      const pinion_cookie_options *options, size_t size)
{
    pinion_cookie_options known;
    int rc = PINION_TAKE(pinion_cookie_options, &known, options, size);
    if (rc)
        return rc;
    pinion__request_look(request);
    if (!known.path)
        known.path = "/";
    if (!known.same_site)
        known.same_site = "Lax";
    known.secure |= request->secure || must_be_secure(name, known.same_site);
    rc = check(name, value, &known);
    return rc ? rc : put(request, name, value, &known);
}

int pinion_request_put_cookie_sized(pinion_request *request, const char *name, const char *value,
                                    const pinion_cookie_options *options, size_t size)
{
    PINION_NEEDED(request);
    PINION_NEEDED(name);
    PINION_NEEDED(value);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, put_cookie(request, name, value, options, size));
}
