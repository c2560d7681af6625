/* Finds what is mounted at the path of an HTTP request, and so who answers it. */
#ifndef PINION_ENDPOINT_HANDLERS_H
#define PINION_ENDPOINT_HANDLERS_H

#include "endpoint/endpoint.h"

/* A function for pinion_http_server.find. Sockets come first, then routes, then files. The health pages come
 * before routes with parameters. */
bool pinion__find_handler(struct pinion_http_server *server, const struct pinion_http_request *request,
                          struct pinion_http_handler *handler);

/* A function for pinion_http_server.guard. */
void pinion__guard_request(struct pinion_http_server *server, const char *kind, const char *name,
                           void (*run)(void *data), void *data);

#endif
