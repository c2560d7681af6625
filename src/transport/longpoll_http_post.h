/* A POST of long polling publishes its body. That is kept only for a session that is there: where it may be
 * large, that is asked before any of it is read. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_POST_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_POST_H

#include "http/http.h"
#include "transport/entrance.h"

void pinion__longpoll_http_post(struct pinion_http *http, const struct pinion_entrance *entrance,
                                const struct pinion_http_request *request, const pinion_payload *params);

#endif
