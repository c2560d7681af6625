/* Requests of long polling. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_H

#include "http/http.h"
#include "transport/entrance.h"

/* Answer a request, or take it in: its body may be still to come, its answer may take its time. `head` is the
 * request as it was received. */
void pinion__longpoll_serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                            const struct pinion_http_request *request, struct pinion_slice head);

#endif
