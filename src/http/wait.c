/* Requests whose answer takes its time: whoever will give it stands in for them. */
#include "http/connection.h"

void pinion__http_end_body(struct pinion_http *http)
{
    http->state = PINION_HTTP_HEAD; /* the answerer gets its data back */
    http->answerer.ops->body_end(http, http->answerer.data);
    if (http->state == PINION_HTTP_HEAD)
        pinion__http_answered(http);
}

void pinion__http_read_body(struct pinion_http *http, const struct pinion_http_answerer *answerer, void *data)
{
    pinion__http_begin_body(http, PINION_HTTP_BODY);
    http->answerer.ops = answerer;
    http->answerer.data = data;
    if (!http->has_rest)
        pinion__http_end_body(http);
}

void pinion__http_wait(struct pinion_http *http, const struct pinion_http_answerer *answerer, void *data)
{
    pinion__http_enter(http, PINION_HTTP_WAIT);
    http->answerer.ops = answerer;
    http->answerer.data = data;
}

bool pinion__http_owes_nothing(const struct pinion_http *http)
{
    if (http->state != PINION_HTTP_WAIT || !http->answerer.ops->owes_nothing)
        return false;
    return http->answerer.ops->owes_nothing(http->answerer.data);
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
