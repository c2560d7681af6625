/* A POST of long polling publishes its body. A large body is read only when its session exists: so nobody
 * makes us keep bodies that are for nobody. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_POST_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_POST_H

#include "http/http.h"
#include "transport/entrance.h"

/* Serve a POST. */
void pinion__longpoll_http_post(struct pinion_http *http, const struct pinion_entrance *entrance,
                                const struct pinion_http_request *request, const pinion_payload *params);

#endif
