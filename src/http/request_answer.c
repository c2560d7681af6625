/* The answers that the application gives to requests. */
#include "base/log_limit.h"
#include "base/misuse.h"
#include "http/call.h"
#include "http/connection.h"
#include "proto/payload.h"

/* ---- what is refused ---- */

/* The application need not look at results, so the log says what had no effect. A client that has gone is no
 * mistake, and neither is one that asks for a file that is not there. */
int pinion__request_end(const pinion_request *request, const char *call, unsigned mark, int code)
{
    code = pinion__error_end(call, mark, code);
    if (code && code != PINION_ECLOSED && code != PINION_ENOENT)
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "http: %s: %s had no effect: %s", request->route->name, call,
                           pinion__error_sentence(code));
    return code;
}

int pinion__request_open(const pinion_request *request)
{
    if (request->answered)
        return pinion__fail(PINION_EINVAL, "the request has its answer");
    if (!request->http)
        return pinion__fail(PINION_ECLOSED, "the client has gone before its answer");
    return 0;
}

/* ---- the answer ---- */

int pinion__request_take(int status, const pinion_header *list, struct pinion_http_headers *headers)
{
    int rc = 0;
    if (status < 200 || status > 599)
        return pinion__fail(PINION_EINVAL, "%d is not a status from 200 to 599", status);
    for (; !rc && list && list->name; list++)
        rc = pinion__http_headers_add(headers, list->name, list->value);
    return rc;
}

static int append(struct pinion_http_headers *to, const struct pinion_http_headers *headers,
                  const char *lines)
{
    int rc = pinion__buf_append(&to->lines, headers->lines.data, headers->lines.len);
    to->typed |= headers->typed;
    to->cached |= headers->cached;
    if (!rc)
        rc = pinion__buf_append_str(&to->lines, lines);
    return rc ? rc : pinion__http_headers_end(to);
}

int pinion__request_complete(pinion_request *request, const struct pinion_http_headers *headers,
                             const char *lines)
{
    struct pinion_http_headers before = request->headers;
    int rc = append(&request->headers, headers, lines);
    if (rc)
        pinion__http_headers_restore(&request->headers, &before); /* another call may still answer */
    return rc;
}

int pinion__request_answer(pinion_request *request, int status, const struct pinion_http_headers *headers,
                           const char *type, const void *body, size_t length)
{
    int rc = pinion__request_complete(request, headers, "");
    if (rc)
        return rc;
    struct pinion_http_answer answer = { .status = status,
                                         .content_type = request->headers.typed ? NULL : type,
                                         .extra = request->headers.lines.data,
                                         .length = length,
                                         .keep_alive = pinion__http_keep_alive(request->http) };
    pinion__request_send(request, &answer, body, length);
    return 0;
}

static int answer(pinion_request *request, int status, const pinion_header *list, const char *type,
                  const void *body, size_t length)
{
    struct pinion_http_headers headers;
    int rc = pinion__request_open(request);
    pinion__http_headers_init(&headers);
    if (!rc)
        rc = pinion__request_take(status, list, &headers);
    if (!rc)
        rc = pinion__request_answer(request, status, &headers, type, body, length);
    pinion__http_headers_release(&headers);
    return rc;
}

int pinion_request_answer(pinion_request *request, int status, const pinion_header *headers, const void *body,
                          size_t length)
{
    PINION_NEEDED(request);
    PINION_RULE(body || length == 0, return PINION_EINVAL, "body is NULL, and length %zu", length);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, answer(request, status, headers, NULL, body, length));
}

int pinion_request_answer_text(pinion_request *request, int status, const char *text)
{
    PINION_NEEDED(request);
    PINION_NEEDED(text);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, answer(request, status, NULL, "text/plain; charset=utf-8", text, strlen(text)));
}

/* ---- JSON ---- */

int pinion__request_text(const pinion_payload *payload, struct pinion_slice *text)
{
    pinion_payload_type kind = pinion_payload_kind(payload);
    if (kind == PINION_PAYLOAD_POISON)
        return pinion__fail(PINION_EPAYLOAD, "the payload could not be built: %s",
                            pinion__payload_why(payload));
    if (kind == PINION_PAYLOAD_BINARY)
        return pinion__fail(PINION_EINVAL, "the payload is binary, and this answer is JSON");
    text->ptr = pinion_payload_bytes(payload, &text->len);
    return text->ptr ? 0 : PINION_ENOMEM;
}

static int answer_json(pinion_request *request, int status, const pinion_payload *payload)
{
    struct pinion_slice text = { NULL, 0 };
    int rc = pinion__request_text(payload, &text);
    return rc ? rc : answer(request, status, NULL, PINION_REQUEST_JSON, text.ptr, text.len);
}

int pinion_request_answer_json(pinion_request *request, int status, pinion_payload *payload)
{
    PINION_CONSUMES(payload);
    PINION_NEED(request, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF_REQUEST(request, return pinion__payload_lost(payload));
    unsigned mark = pinion__error_mark();
    int rc = answer_json(request, status, payload);
    pinion_payload_unref(payload);
    return pinion__request_end(request, __func__, mark, rc);
}

/* ---- redirects ---- */

static bool is_location(const char *text)
{
    const char *at = text;
    while (*at > ' ' && *at <= '~')
        at++;
    return at > text && !*at;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int redirect(pinion_request *request, int status, const char *location)
{
    const pinion_header headers[] = { { "location", location }, { NULL, NULL } };
    if (!is_redirect(status))
        return pinion__fail(PINION_EINVAL, "%d is not a status of a redirect", status);
    if (!is_location(location))
        return pinion__fail(PINION_EINVAL, "the location is empty, or has blanks or characters beyond ASCII");
    return answer(request, status, headers, NULL, NULL, 0);
}

int pinion_request_redirect(pinion_request *request, int status, const char *location)
{
    PINION_NEEDED(request);
    PINION_NEEDED(location);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, redirect(request, status, location));
}

/* ---- headers ---- */

int pinion__request_put(pinion_request *request, const char *name, const char *value)
{
    int rc = pinion__request_open(request);
    return rc ? rc : pinion__http_headers_add(&request->headers, name, value);
}

int pinion_request_put_header(pinion_request *request, const char *name, const char *value)
{
    PINION_NEEDED(request);
    PINION_NEEDED(name);
    PINION_NEEDED(value);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, pinion__request_put(request, name, value));
}
