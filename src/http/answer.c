/* Answers to HTTP requests. */
#include "http/connection.h"
#include "proto/http_date.h"
#include <stdio.h>
#include <time.h>

/* Answers with 1xx, 204 and 304 end with their head, whatever it says, and 205 has no content (RFC 9110
 * sections 6.4.1 and 15.3.6). Bytes behind such a head would be read as the next answer. */
bool pinion__http_has_content(int status)
{
    return status >= 200 && status != 204 && status != 205 && status != 304;
}

/* As snprintf(): returns the length of the whole head, even when it does not fit. */
static int format_head(const struct pinion_http_answer *answer, char *out, size_t size)
{
    char date[PINION_HTTP_DATE], length[48] = "";
    bool typed = answer->content_type && pinion__http_has_content(answer->status);
    pinion__http_date_write(time(NULL), date);
    if (pinion__http_has_content(answer->status))
        snprintf(length, sizeof length, "content-length: %llu\r\n", (unsigned long long)answer->length);
    else if (answer->status ==
             205) /* a client would expect content here, so the head says that there is none */
        snprintf(length, sizeof length, "content-length: 0\r\n");
    return snprintf(out, size,
                    "HTTP/1.1 %d %s\r\ndate: %s\r\n%s%s%s%s%sx-content-type-options: nosniff\r\n"
                    "connection: %s\r\n\r\n",
                    answer->status, pinion__http1_reason(answer->status), date, typed ? "content-type: " : "",
                    typed ? answer->content_type : "", typed ? "\r\n" : "", length, answer->extra,
                    answer->keep_alive ? "keep-alive" : "close");
}

struct pinion_frame *pinion__http_frame(const struct pinion_http_answer *answer, const void *body, size_t len)
{
    char head[1024];
    int head_len = format_head(answer, head, sizeof head);
    if (!pinion__http_has_content(answer->status))
        len = 0;
    struct pinion_frame *frame = head_len > 0 ? pinion__frame_new((size_t)head_len + 1 + len) : NULL;
    if (!frame)
        return NULL;
    char *text = pinion__frame_body(frame);
    if ((size_t)head_len < sizeof head)
        memcpy(text, head, (size_t)head_len);
    else
        format_head(answer, text, (size_t)head_len + 1); /* its terminator is where the body begins */
    if (len)
        memcpy(text + head_len, body, len);
    frame->body_len = (size_t)head_len + len;
    return frame;
}

void pinion__http_send(struct pinion_http *http, const struct pinion_http_answer *answer, const void *body,
                       size_t len)
{
    struct pinion_frame *frame = pinion__http_frame(answer, body, http->head_only ? 0 : len);
    if (!pinion__conn_answer(http->conn, frame))
        return;
    if (!answer->keep_alive && !answer->body_follows)
        pinion__http_finish(http);
}

void pinion__http_send_text(struct pinion_http *http, int status, const char *extra, const char *text,
                            bool keep_alive)
{
    struct pinion_http_answer answer = { .status = status,
                                         .content_type = text[0] ? "text/plain; charset=utf-8" : NULL,
                                         .extra = extra,
                                         .length = strlen(text),
                                         .keep_alive = keep_alive };
    pinion__http_send(http, &answer, text, strlen(text));
}

void pinion__http_send_status(struct pinion_http *http, int status, const char *extra, bool keep_alive)
{
    const char *text = pinion__http1_reason(status);
    struct pinion_http_answer answer = { .status = status,
                                         .content_type = "text/html; charset=utf-8",
                                         .extra = extra,
                                         .length = strlen(text),
                                         .keep_alive = keep_alive };
    pinion__http_send(http, &answer, text, strlen(text));
}

void pinion__http_send_error(struct pinion_http *http, int status, bool keep_alive)
{
    pinion__http_send_status(http, status, status == 405 ? PINION_HTTP_GETS : PINION_HTTP_PRIVATE,
                             keep_alive);
}

void pinion__http_send_continue(struct pinion_http *http)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)pinion__conn_answer(http->conn, pinion__frame_copy(text, sizeof text - 1));
}
