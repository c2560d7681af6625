#include "http/page.h"
#include "base/misuse.h"
#include "proto/query.h"
#include <stdlib.h>

struct pinion_request {
    char *path;
    char *query;
    pinion_payload *params;
};

void pinion__response_init(struct pinion_response *response)
{
    memset(response, 0, sizeof *response);
    response->status = 204;
}

void pinion__response_release(struct pinion_response *response)
{
    free(response->content_type);
    free(response->body);
    response->content_type = NULL;
    response->body = NULL;
    response->length = 0;
}

struct pinion_http_answer pinion__response_answer(const struct pinion_response *response, bool keep_alive)
{
    return (struct pinion_http_answer){ .status = response->status,
                                        .content_type = response->content_type,
                                        .extra = PINION_HTTP_PRIVATE,
                                        .length = response->length,
                                        .keep_alive = keep_alive };
}

static void fail(struct pinion_response *response)
{
    pinion__response_release(response);
    response->status = 500;
}

/* False for text with a line end, which could begin another header, or a second answer. */
static bool is_header_value(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

void pinion_response_send(pinion_response *response, int status, const char *content_type, const void *body,
                          size_t length)
{
    PINION_NEED(response, return );
    PINION_RULE(
        body || length == 0,
        {
            fail(response);
            return;
        },
        "body is NULL, and length %zu", length);
    pinion__response_release(response);
    response->status = status;
    if (status < 200 || status > 599 || (content_type && !is_header_value(content_type))) {
        fail(response);
        return;
    }
    if (content_type)
        response->content_type = strdup(content_type);
    if (length)
        response->body = malloc(length);
    if ((content_type && !response->content_type) || (length && !response->body)) {
        fail(response);
        return;
    }
    if (length)
        memcpy(response->body, body, length);
    response->length = length;
}

const char *pinion_request_path(const pinion_request *request)
{
    PINION_NEED(request, return NULL);
    return request->path;
}

const char *pinion_request_query(const pinion_request *request)
{
    PINION_NEED(request, return NULL);
    return request->query;
}

const pinion_payload *pinion_request_params(const pinion_request *request)
{
    PINION_NEED(request, return NULL);
    return request->params;
}

/* A terminated copy. */
static char *copy_text(struct pinion_slice text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

static pinion_payload *parse(struct pinion_slice query)
{
    json_t *tree = NULL;
    return pinion__query_parse(query, &tree) == 0 ? pinion_payload_json(tree) : NULL;
}

void pinion__page_call(pinion_get_fn *fn, void *data, const struct pinion_http_request *head,
                       struct pinion_response *response)
{
    struct pinion_request request = { .path = copy_text(head->path),
                                      .query = copy_text(head->query),
                                      .params = parse(head->query) };
    if (request.path && request.query)
        fn(&request, response, data);
    else
        fail(response);
    free(request.path);
    free(request.query);
    pinion_payload_unref(request.params);
}
