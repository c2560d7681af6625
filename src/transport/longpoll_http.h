/* HTTP requests of long polling. They become exchanges of the transport (longpoll.h). Every answer is 200,
 * and its JSON has the status that counts; only what our clients never send is answered otherwise.
 *
 * A GET polls or begins a session (longpoll_http_get.h). A POST publishes (longpoll_http_post.h). OPTIONS is
 * the preflight request of a browser. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_H

#include "http/http.h"
#include "transport/entrance.h"

/* Answer a request now, or take it in: its body may still come, and its answer may take its time. `head` is
 * the request as it was received. */
void pinion__longpoll_serve(struct pinion_http *http, const struct pinion_entrance *entrance,
                            const struct pinion_http_request *request, struct pinion_slice head);

#endif
