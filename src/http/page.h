/* Small pages (pinion_endpoint_get): the request as the application sees it, and the answer it gives. */
#ifndef PINION_HTTP_PAGE_H
#define PINION_HTTP_PAGE_H

#include "http/answer.h"
#include "proto/http1.h"
#include <pinion/endpoint.h>

struct pinion_response {
    int status;
    char *content_type; /* NULL: none */
    void *body;
    size_t length;
};

/* 204, until the application says something else. */
void pinion__response_init(struct pinion_response *response);
void pinion__response_release(struct pinion_response *response);

/* What the application said by pinion_response_send. */
struct pinion_http_answer pinion__response_answer(const struct pinion_response *response, bool keep_alive);

/* Call the application's function. A request or answer there is no memory for becomes a 500. */
void pinion__page_call(pinion_get_fn *fn, void *data, const struct pinion_http_request *head,
                       struct pinion_response *response);

#endif
