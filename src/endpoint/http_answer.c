/* Answers to HTTP requests. */
#include "endpoint/http.h"
#include "endpoint/page.h"
#include <stdio.h>
#include <time.h>

/* RFC 9110 section 6.6.1. */
static void format_date(char *out, size_t size)
{
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(out, size, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static int format_head(const struct pinion_http_answer *answer, char *out, size_t size)
{
    char date[40], type[160] = "", length[48] = "";
    format_date(date, sizeof date);
    if (answer->content_type)
        snprintf(type, sizeof type, "content-type: %s\r\n", answer->content_type);
    if (answer->status != 204 && answer->status != 304) /* RFC 9110 section 8.6 */
        snprintf(length, sizeof length, "content-length: %llu\r\n", (unsigned long long)answer->length);
    return snprintf(out, size,
                    "HTTP/1.1 %d %s\r\ndate: %s\r\n%s%s%sx-content-type-options: nosniff\r\n"
                    "connection: %s\r\n\r\n",
                    answer->status, pinion__http1_reason(answer->status), date, type, length, answer->extra,
                    answer->keep_alive ? "keep-alive" : "close");
}

struct pinion_http_answer pinion__http_answer_of(const struct pinion_response *response, bool keep_alive)
{
    return (struct pinion_http_answer){ .status = response->status,
                                        .content_type = response->content_type,
                                        .extra = PINION_HTTP_PRIVATE,
                                        .length = response->length,
                                        .keep_alive = keep_alive };
}

struct pinion_frame *pinion__http_frame(const struct pinion_http_answer *answer, const void *body, size_t len)
{
    char head[1024 + 2048];
    int head_len = format_head(answer, head, sizeof head);
    struct pinion_frame *frame = NULL;
    if (head_len > 0 && (size_t)head_len < sizeof head)
        frame = pinion__frame_new((size_t)head_len + len);
    if (!frame)
        return NULL;
    memcpy(pinion__frame_body(frame), head, (size_t)head_len);
    if (len)
        memcpy(pinion__frame_body(frame) + head_len, body, len);
    frame->body_len = (size_t)head_len + len;
    return frame;
}

void pinion__http_send(struct pinion_http *http, const struct pinion_http_answer *answer, const void *body,
                       size_t len)
{
    struct pinion_frame *frame = pinion__http_frame(answer, body, http->head_only ? 0 : len);
    if (!frame) {
        pinion__conn_close(http->conn);
        return;
    }
    (void)pinion__conn_queue(http->conn, frame);
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

void pinion__http_send_error(struct pinion_http *http, int status, bool keep_alive)
{
    static const char not_allowed[] = "allow: GET, HEAD\r\n" PINION_HTTP_PRIVATE;
    const char *text = pinion__http1_reason(status);
    struct pinion_http_answer answer = { .status = status,
                                         .content_type = "text/html; charset=utf-8",
                                         .extra = status == 405 ? not_allowed : PINION_HTTP_PRIVATE,
                                         .length = strlen(text),
                                         .keep_alive = keep_alive };
    pinion__http_send(http, &answer, text, strlen(text));
}

void pinion__http_send_continue(struct pinion_http *http)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct pinion_frame *frame = pinion__frame_copy(text, sizeof text - 1);
    if (frame)
        (void)pinion__conn_queue(http->conn, frame);
}
