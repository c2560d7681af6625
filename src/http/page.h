/* Small pages (pinion_endpoint_get): the request that the application sees, and the answer that it gives. */
#ifndef PINION_HTTP_PAGE_H
#define PINION_HTTP_PAGE_H

#include "http/answer.h"
#include "proto/http1.h"
#include <pinion/endpoint.h>

struct pinion_response {
    int status;
    char *content_type; /* NULL: the header is left out */
    void *body;
    size_t length;
};

/* The status is 204 until the application sets another one. */
void pinion__response_init(struct pinion_response *response);
void pinion__response_release(struct pinion_response *response);

/* The answer that pinion_response_send set. */
struct pinion_http_answer pinion__response_answer(const struct pinion_response *response, bool keep_alive);

/* Answers a request by a page. A function for a route; `route` is the route. */
void pinion__page_answer(pinion_request *request, void *data);

#endif
