/* Requests of long polling, from HTTP to exchanges of the transport (longpoll.h). All answers are 200 with
 * the meaningful status in their JSON, except those to what no client of ours sends.
 *
 * A GET polls or begins a session (longpoll_http_get.h), a POST publishes (longpoll_http_post.h), and OPTIONS
 * is what a browser asks first. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_H

#include "http/http.h"
#include "transport/entrance.h"

/* Answer a request, or take it in: its body may be still to come, its answer may take its time. `head` is the
 * request as it was received. */
void pinion__longpoll_serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                            const struct pinion_http_request *request, struct pinion_slice head);

#endif
