/* Request heads. The result is the same however the bytes come, the slices lie in the head, and a head that
 * is written out again is read as the same. Also the handshake, and paths and queries, which are tried with
 * any bytes too.
 *
 * Fuzzes: src/proto/http1.c src/proto/ws_handshake.c */
#include "fuzz.h"
#include "proto/query.h"
#include "proto/ws_handshake.h"
#include <pinion/error.h>

/* ---- paths and queries ---- */

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t depth_of(json_t *tree)
{
    size_t deepest = 0, i;
    const char *name;
    json_t *child;
    json_array_foreach(tree, i, child) deepest = greater(deepest, depth_of(child));
    json_object_foreach(tree, name, child) deepest = greater(deepest, depth_of(child));
    return deepest + 1;
}

static void check_query(struct pinion_slice query)
{
    json_t *params = NULL;
    int rc = pinion__query_parse(query, &params);
    REQUIRE(rc == 0 || rc == PINION_EPROTO || rc == PINION_ETOOBIG);
    if (rc)
        return;
    char *text = json_dumps(params, 0); /* fails if it is not UTF-8 */
    REQUIRE(json_is_object(params) && text && depth_of(params) <= PINION_QUERY_DEPTH + 1);
    free(text);
    json_decref(params);
}

static void check_path(struct pinion_slice path)
{
    char *out = allocate(path.len);
    long len = pinion__http1_decode_path(path, out);
    REQUIRE(len == PINION_EPROTO || (len >= 0 && (size_t)len <= path.len && !memchr(out, '\0', (size_t)len)));
    free(out);
}

/* ---- heads ---- */

/* The result for the head when it comes byte by byte: the first that is not PINION_MORE. */
static long parse_bytewise(struct pinion_slice bytes, struct pinion_http_request *request)
{
    long rc = PINION_MORE;
    for (size_t len = 1; len <= bytes.len && rc == PINION_MORE; len++)
        rc = pinion__http1_parse(bytes.ptr, len, len - 1, request);
    return rc;
}

static char *put(char *out, struct pinion_slice text, const char *end)
{
    size_t end_len = strlen(end);
    if (text.len)
        memcpy(out, text.ptr, text.len);
    memcpy(out + text.len, end, end_len);
    return out + text.len + end_len;
}

/* The head in its plainest form, which is at most a blank for each header longer. */
static struct pinion_slice write_head(const struct pinion_http_request *request, char *out)
{
    char *end = put(out, request->method, " ");
    end = put(end, request->target, request->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (size_t i = 0; i < request->header_count; i++) {
        end = put(end, request->headers[i].name, ": ");
        end = put(end, request->headers[i].value, "\r\n");
    }
    end = put(end, pinion__slice_str("\r\n"), "");
    return pinion__slice(out, (size_t)(end - out));
}

static void check_same(const struct pinion_http_request *a, const struct pinion_http_request *b)
{
    REQUIRE(pinion__slice_eq(a->method, b->method) && pinion__slice_eq(a->target, b->target));
    REQUIRE(pinion__slice_eq(a->path, b->path) && pinion__slice_eq(a->query, b->query));
    REQUIRE(a->minor == b->minor && a->keep_alive == b->keep_alive && a->chunked == b->chunked);
    REQUIRE(a->has_content_length == b->has_content_length && a->content_length == b->content_length);
    REQUIRE(a->header_count == b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        REQUIRE(pinion__slice_eq(a->headers[i].name, b->headers[i].name));
        REQUIRE(pinion__slice_eq(a->headers[i].value, b->headers[i].value));
    }
}

static bool has_any(struct pinion_slice text, const char *bytes, size_t count)
{
    bool has = false;
    for (size_t i = 0; i < count; i++)
        has = has || (text.len && memchr(text.ptr, bytes[i], text.len));
    return has;
}

/* The slices lie in the head, and contain nothing that would end them for another reader. */
static void check_slices(const struct pinion_http_request *request, struct pinion_slice head)
{
    REQUIRE(lies_in(request->method, head) && lies_in(request->target, head));
    REQUIRE(lies_in(request->query, request->target));
    REQUIRE(pinion__slice_is(request->path, "/") || lies_in(request->path, request->target));
    REQUIRE(!has_any(request->target, "\0\r\n #", 5));
    for (size_t i = 0; i < request->header_count; i++) {
        REQUIRE(lies_in(request->headers[i].name, head) && lies_in(request->headers[i].value, head));
        REQUIRE(!has_any(request->headers[i].name, "\0\r\n :\t", 6));
        REQUIRE(!has_any(request->headers[i].value, "\0\r\n", 3));
    }
}

static void check_handshake(const struct pinion_http_request *request)
{
    static const size_t sizes[] = { 1, 20, 400 };
    char response[512];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *text = allocate(sizes[i]);
        const char *why = pinion__ws_handshake_check(request, text, sizes[i]);
        REQUIRE(!why || strlen(why) < sizes[i]);
        REQUIRE(why || pinion__slice_is(request->method, "GET"));
        free(text);
        if (why)
            return;
    }
    struct pinion_slice key = pinion__http1_header(request, "sec-websocket-key");
    long len = pinion__ws_handshake_response(key, pinion__slice(NULL, 0), response, sizeof response);
    REQUIRE(len > 4 && memcmp(response + len - 4, "\r\n\r\n", 4) == 0);
}

static void check_head(const struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_http_request again;
    /* With an absolute-form target, Host also gets the target's authority. */
    char *out = allocate(head.len + request->header_count + request->target.len);
    struct pinion_slice plain = write_head(request, out);
    REQUIRE(pinion__http1_parse(plain.ptr, plain.len, 0, &again) == (long)plain.len);
    check_same(request, &again);
    free(out);
    check_slices(request, head);
    REQUIRE(pinion__http1_method_known(request->method) || !pinion__slice_is(request->method, "GET"));
    check_handshake(request);
    check_query(request->query);
    check_path(request->path);
}

/* A head is too long in its first line or after it. Empty lines before it do not count. */
static void check_too_long(struct pinion_slice bytes)
{
    int status = pinion__http1_too_long(bytes.ptr, bytes.len);
    char *longer = allocate(bytes.len + 2);
    memcpy(longer, "\r\n", 2);
    if (bytes.len)
        memcpy(longer + 2, bytes.ptr, bytes.len);
    REQUIRE(status == 414 || status == 431);
    REQUIRE(status == pinion__http1_too_long(longer, bytes.len + 2));
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_http_request request, bytewise;
    struct pinion_slice bytes = pinion__slice((const char *)data, size);
    long rc = pinion__http1_parse(bytes.ptr, bytes.len, 0, &request);
    REQUIRE(rc == parse_bytewise(bytes, &bytewise));
    REQUIRE(rc <= (long)size);
    if (rc > 0) {
        check_same(&request, &bytewise);
        check_head(&request, pinion__slice(bytes.ptr, (size_t)rc));
    } else {
        REQUIRE(rc == PINION_MORE || rc == PINION_EPROTO || rc == PINION_ETOOBIG || rc == PINION_ENOTSUP);
    }
    check_too_long(bytes);
    check_query(bytes);
    check_path(bytes);
    return 0;
}
