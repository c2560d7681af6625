/* Nothing is parsed before the head is complete. Then it is read once, from left to right, by small readers
 * that move one cursor. The head ends in CRLF CRLF, where every reader stops, so none can run past the end;
 * they check the end nevertheless. What the header fields mean for the message (its length, its host) is
 * decided after all of them are read. */
#include "proto/http1.h"
#include "base/work.h"
#include "proto/http1_char.h"
#include "proto/http1_host.h"
#include "proto/percent.h"
#include <pinion/error.h>
#include <strings.h>

struct cursor {
    const char *at;
    const char *end;
};

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool is_visible(char c)
{
    return c > ' ' && c <= '~';
}

/* A fragment is never sent. Other characters that RFC 3986 does not allow ('|', '{', '"' …) are accepted:
 * browsers do send them in a query, and they are not ambiguous. */
static bool is_target_char(char c)
{
    return is_visible(c) && c != '#';
}

static bool is_authority_char(char c)
{
    return pinion__http1_is_alpha(c) || pinion__http1_is_digit(c) || is_in(c, "-._~%!$&'()*+,;=:[]");
}

static bool is_value_char(char c)
{
    return is_visible(c) || c == ' ' || c == '\t' || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* `word` must be in lower case. */
static bool is_word(struct pinion_slice text, const char *word)
{
    if (text.len != strlen(word))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (lower(text.ptr[i]) != word[i])
            return false;
    }
    return true;
}

/* Cut `text` in two at the first `stop`. Returns false when there is none. `after` may point to `text`
 * itself. */
static bool split(struct pinion_slice text, char stop, struct pinion_slice *before,
                  struct pinion_slice *after)
{
    const char *found = text.len ? memchr(text.ptr, stop, text.len) : NULL;
    if (!found)
        return false;
    *before = pinion__slice(text.ptr, (size_t)(found - text.ptr));
    *after = pinion__slice(found + 1, text.len - before->len - 1);
    return true;
}

/* ---- the readers ---- */

static struct pinion_slice read_while(struct cursor *cursor, bool (*allowed)(char))
{
    const char *start = cursor->at;
    while (cursor->at < cursor->end && allowed(*cursor->at))
        cursor->at++;
    return pinion__slice(start, (size_t)(cursor->at - start));
}

static bool read_text(struct cursor *cursor, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, text, len) != 0)
        return false;
    cursor->at += len;
    return true;
}

/* A later minor version is read as 1.1, because it may only add to it (RFC 9110 section 2.5). */
static int read_version(struct cursor *cursor, int *minor)
{
    if (!read_text(cursor, "HTTP/"))
        return PINION_EPROTO;
    struct pinion_slice number = pinion__slice(cursor->at, 3);
    if (cursor->end - cursor->at < 3 || !pinion__http1_is_digit(number.ptr[0]) || number.ptr[1] != '.' ||
        !pinion__http1_is_digit(number.ptr[2]))
        return PINION_EPROTO;
    cursor->at += 3;
    *minor = number.ptr[2] == '0' ? 0 : 1;
    return number.ptr[0] == '1' ? 0 : PINION_ENOTSUP;
}

static int read_request_line(struct cursor *cursor, struct pinion_http_request *request)
{
    request->method = read_while(cursor, pinion__http1_is_token);
    if (request->method.len == 0 || !read_text(cursor, " "))
        return PINION_EPROTO;
    request->target = read_while(cursor, is_target_char);
    if (request->target.len == 0 || !read_text(cursor, " "))
        return PINION_EPROTO;
    int rc = read_version(cursor, &request->minor);
    if (rc == PINION_ENOTSUP)
        request->refusal = 505;
    if (rc)
        return rc;
    return read_text(cursor, "\r\n") ? 0 : PINION_EPROTO;
}

static int read_header(struct cursor *cursor, struct pinion_http_request *request)
{
    if (request->header_count == PINION_HTTP_HEADERS_MAX) {
        request->refusal = 431;
        return PINION_ETOOBIG;
    }
    struct pinion_http_header *header = &request->headers[request->header_count++];
    header->name = read_while(cursor, pinion__http1_is_token);
    if (header->name.len == 0 || !read_text(cursor, ":"))
        return PINION_EPROTO;
    header->value = pinion__slice_trim(read_while(cursor, is_value_char));
    return read_text(cursor, "\r\n") ? 0 : PINION_EPROTO;
}

static int read_head(struct cursor *cursor, struct pinion_http_request *request)
{
    int rc = read_request_line(cursor, request);
    while (rc == 0 && !read_text(cursor, "\r\n"))
        rc = read_header(cursor, request);
    return rc;
}

/* ---- what the head means ---- */

static bool split_path(struct pinion_slice text, struct pinion_http_request *request)
{
    if (!split(text, '?', &request->path, &request->query))
        request->path = text;
    if (request->path.len == 0)
        request->path = pinion__slice_str("/");
    return request->path.ptr[0] == '/';
}

/* The rest of an absolute-form target behind "http://" or "https://". The slice is NULL for any other
 * target. */
static struct pinion_slice without_scheme(struct pinion_slice target)
{
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        if (target.len > len && is_word(pinion__slice(target.ptr, len), schemes[i]))
            return pinion__slice(target.ptr + len, target.len - len);
    }
    return pinion__slice(NULL, 0);
}

/* Cut the authority off the front of *text. */
static struct pinion_slice read_authority(struct pinion_slice *text)
{
    size_t len = 0;
    while (len < text->len && is_authority_char(text->ptr[len]))
        len++;
    struct pinion_slice authority = pinion__slice(text->ptr, len);
    *text = pinion__slice(text->ptr + len, text->len - len);
    return authority;
}

/* RFC 9112 section 3.2. `authority` is empty unless the target is in absolute form. CONNECT, the only method
 * with the authority-form, is not supported. */
static bool understand_target(struct pinion_http_request *request, struct pinion_slice *authority)
{
    *authority = pinion__slice(NULL, 0);
    if (pinion__slice_is(request->method, "CONNECT"))
        return false;
    if (request->target.ptr[0] == '/')
        return split_path(request->target, request);
    if (pinion__slice_is(request->target, "*")) {
        request->path = request->target;
        return pinion__slice_is(request->method, "OPTIONS");
    }
    struct pinion_slice rest = without_scheme(request->target);
    if (!rest.ptr)
        return false;
    *authority = read_authority(&rest);
    return pinion__http1_is_host(*authority) && split_path(rest, request);
}

/* The header of that name if there is exactly one, otherwise NULL. *count is set to how many there are. */
static struct pinion_http_header *only_header(struct pinion_http_request *request, const char *name,
                                              size_t *count)
{
    struct pinion_http_header *only = NULL;
    *count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (pinion__http1_header_is(&request->headers[i], name)) {
            only = &request->headers[i];
            ++*count;
        }
    }
    return only;
}

static bool understand_host(struct pinion_http_request *request, struct pinion_slice authority)
{
    size_t count;
    struct pinion_http_header *host = only_header(request, "host", &count);
    if (count > 1 || (count == 0 && request->minor >= 1))
        return false;
    if (!host)
        return true;
    if (host->value.len > 0 && !pinion__http1_is_host(host->value))
        return false;
    if (authority.len > 0)
        host->value = authority;
    return true;
}

static bool parse_length(struct pinion_slice digits, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!pinion__http1_is_digit(digits.ptr[i]))
            return false;
        uint64_t digit = (uint64_t)(digits.ptr[i] - '0');
        if (*length > (UINT64_MAX - digit) / 10)
            return false;
        *length = *length * 10 + digit;
    }
    return digits.len > 0;
}

/* True for a list of codings that ends with "chunked": the body has an end, but its content is in codings
 * that we do not know (RFC 9112 section 6.1). */
static bool is_coded_chunked(struct pinion_slice codings)
{
    struct pinion_slice coding;
    bool chunked = false;
    while (pinion__http1_next_element(&codings, &coding)) {
        if (chunked)
            return false; /* chunked must come last, and only once */
        chunked = is_word(coding, "chunked");
    }
    return chunked;
}

static bool understand_coding(struct pinion_http_request *request, struct pinion_slice codings)
{
    request->chunked = true;
    if (request->minor >= 1 && is_word(codings, "chunked"))
        return true;
    if (request->minor >= 1 && is_coded_chunked(codings))
        request->refusal = 501;
    return false;
}

/* RFC 9112 section 6.3, but stricter: a body must have exactly one length. */
static bool understand_body(struct pinion_http_request *request)
{
    size_t lengths, encodings;
    const struct pinion_http_header *length = only_header(request, "content-length", &lengths);
    const struct pinion_http_header *encoding = only_header(request, "transfer-encoding", &encodings);
    if (lengths + encodings > 1)
        return false;
    if (encoding)
        return understand_coding(request, encoding->value);
    request->has_content_length = length != NULL;
    return !length || parse_length(length->value, &request->content_length);
}

static int understand(struct pinion_http_request *request)
{
    struct pinion_slice authority;
    if (!understand_target(request, &authority) || !understand_host(request, authority) ||
        !understand_body(request))
        return PINION_EPROTO;
    request->keep_alive =
        !pinion__http1_has_token(request, "connection", "close") &&
        (request->minor >= 1 || pinion__http1_has_token(request, "connection", "keep-alive"));
    return 0;
}

/* The length of the head; PINION_MORE while it is incomplete. A line that ends in a bare LF is refused at
 * once, because a head of such lines would never be complete. */
static long find_end(const char *data, size_t len, size_t scanned)
{
    for (size_t from = scanned; from < len;) {
        const char *lf = memchr(data + from, '\n', len - from);
        if (!lf)
            break;
        size_t at = (size_t)(lf - data);
        if (at == 0 || data[at - 1] != '\r')
            return PINION_EPROTO;
        if (at >= 3 && data[at - 2] == '\n' && data[at - 3] == '\r')
            return (long)at + 1;
        from = at + 1;
    }
    return PINION_MORE;
}

long pinion__http1_parse(const char *data, size_t len, size_t scanned, struct pinion_http_request *request)
{
    *request = (struct pinion_http_request){ .refusal = 400 };
    PINION_WORK(len - scanned);
    long head_len = find_end(data, len, scanned);
    if (head_len < 0)
        return head_len;
    struct cursor cursor = { .at = data, .end = data + head_len };
    read_text(&cursor, "\r\n"); /* RFC 9112 section 2.2: some clients send a CRLF too many after a body */
    PINION_WORK(head_len);
    int rc = read_head(&cursor, request);
    if (!rc)
        rc = understand(request);
    return rc ? rc : head_len;
}

int pinion__http1_too_long(const char *data, size_t len)
{
    while (len > 0 && (*data == '\r' || *data == '\n')) {
        data++;
        len--;
    }
    return memchr(data, '\n', len) ? 431 : 414;
}

bool pinion__http1_method_known(struct pinion_slice method)
{
    static const char *const known[] = { "GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (pinion__slice_is(method, known[i]))
            return true;
    }
    return false;
}

bool pinion__http1_header_is(const struct pinion_http_header *header, const char *name)
{
    return is_word(header->name, name);
}

struct pinion_slice pinion__http1_header(const struct pinion_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (pinion__http1_header_is(&request->headers[i], name))
            return request->headers[i].value;
    }
    return pinion__slice(NULL, 0);
}

void pinion__http1_each_header(const struct pinion_http_request *request, const char *prefix,
                               void (*fn)(struct pinion_slice name, struct pinion_slice value, void *data),
                               void *data)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct pinion_http_header *header = &request->headers[i];
        if (header->name.len >= len && strncasecmp(header->name.ptr, prefix, len) == 0)
            fn(header->name, header->value, data);
    }
}

bool pinion__http1_next_element(struct pinion_slice *list, struct pinion_slice *element)
{
    while (list->len > 0) {
        struct pinion_slice rest = pinion__slice(NULL, 0);
        if (!split(*list, ',', element, &rest))
            *element = *list;
        *element = pinion__slice_trim(*element);
        *list = rest;
        if (element->len > 0)
            return true;
    }
    return false;
}

static bool list_has(struct pinion_slice list, const char *token)
{
    struct pinion_slice element;
    while (pinion__http1_next_element(&list, &element)) {
        if (is_word(element, token))
            return true;
    }
    return false;
}

bool pinion__http1_has_token(const struct pinion_http_request *request, const char *name, const char *token)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (pinion__http1_header_is(&request->headers[i], name) && list_has(request->headers[i].value, token))
            return true;
    }
    return false;
}

long pinion__http1_decode_path(struct pinion_slice path, char *out)
{
    return pinion__percent_decode(path, false, out);
}
