/* Requests whose answer takes its time: an answerer stands for them. */
#include "http/connection.h"

void pinion__http_wait(struct pinion_http *http, const struct pinion_http_answerer *answerer, void *data)
{
    pinion__http_enter(http, PINION_HTTP_WAIT);
    http->answerer.ops = answerer;
    http->answerer.data = data;
}

void pinion__http_answer_begin(struct pinion_http *http)
{
    http->state = PINION_HTTP_HEAD;
}

void pinion__http_answer_end(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_HEAD)
        pinion__http_answered(http);
    if (http->state != PINION_HTTP_CLOSING && !pinion__http_is_answering(http))
        pinion__http_go_on(http);
}
