#include "http/page.h"
#include "base/misuse.h"
#include "http/call.h"
#include "http/http.h"
#include <stdlib.h>

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
    if (status < 200 || status > 599 || (content_type && !pinion__http_header_is_value(content_type))) {
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

void pinion__page_answer(pinion_request *request, void *data)
{
    const struct pinion_http_route *route = data;
    struct pinion_response response;
    pinion__response_init(&response);
    route->page(request, &response, route->page_data);
    struct pinion_http_answer answer =
        pinion__response_answer(&response, pinion__http_keep_alive(request->http));
    pinion__request_send(request, &answer, response.body, response.length);
    pinion__response_release(&response);
}
