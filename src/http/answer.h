/* Answers to HTTP requests. */
#ifndef PINION_HTTP_ANSWER_H
#define PINION_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_frame;
struct pinion_http; /* a connection, and the request it is at */

/* The header that Plug adds to answers that say nothing about caches. Pages, refusals and errors are for this
 * client only, and may change at any time. */
#define PINION_HTTP_PRIVATE "cache-control: max-age=0, private, must-revalidate\r\n"

/* The same, of what answers GET and HEAD only. */
#define PINION_HTTP_GETS "allow: GET, HEAD, OPTIONS\r\n" PINION_HTTP_PRIVATE

struct pinion_http_answer {
    int status;
    const char *content_type; /* NULL: the header is left out */
    const char *extra;        /* more header lines, each with its line end; or "" */
    uint64_t length;          /* of the body, in bytes */
    bool keep_alive;
    bool body_follows; /* the body is not passed with the head: it follows in frames of its own */
};

/* False for the statuses whose answers end with their head. */
bool pinion__http_has_content(int status);

/* Head and body as they go over the wire. NULL when out of memory. */
struct pinion_frame *pinion__http_frame(const struct pinion_http_answer *answer, const void *body,
                                        size_t len);

/* Queue the head and the body in one frame. The answer to a HEAD has no body. */
void pinion__http_send(struct pinion_http *http, const struct pinion_http_answer *answer, const void *body,
                       size_t len);

/* Answer with plain text. It may be empty. */
void pinion__http_send_text(struct pinion_http *http, int status, const char *extra, const char *text,
                            bool keep_alive);

/* Answer with a status and its standard phrase. `extra` as in the struct. */
void pinion__http_send_status(struct pinion_http *http, int status, const char *extra, bool keep_alive);

/* The same, with the usual headers. */
void pinion__http_send_error(struct pinion_http *http, int status, bool keep_alive);

#endif
