/* Who answers an HTTP request: what is mounted at its path. */
#ifndef PINION_ENDPOINT_HANDLERS_H
#define PINION_ENDPOINT_HANDLERS_H

#include "endpoint/endpoint.h"

/* For pinion_http_server.find, of a server that is a loop's. */
bool pinion__find_handler(struct pinion_http_server *server, const struct pinion_http_request *request,
                          struct pinion_http_handler *handler);

#endif
