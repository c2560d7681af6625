/* Answers to HTTP requests. */
#ifndef PINION_HTTP_ANSWER_H
#define PINION_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_frame;
struct pinion_http; /* a connection, with the request that it is at */

/* What Plug adds to each answer that says nothing else of caches: pages, refusals and errors are for this
 * client and now. */
#define PINION_HTTP_PRIVATE "cache-control: max-age=0, private, must-revalidate\r\n"

struct pinion_http_answer {
    int status;
    const char *content_type; /* NULL: none */
    const char *extra;        /* whole header lines, or "" */
    uint64_t length;
    bool keep_alive;
    bool body_follows; /* in frames of its own */
};

/* Head and body as they go over the wire. NULL when out of memory. */
struct pinion_frame *pinion__http_frame(const struct pinion_http_answer *answer, const void *body,
                                        size_t len);

/* Queue the head, and the body where it is at hand (and asked for): both in one frame. */
void pinion__http_send(struct pinion_http *http, const struct pinion_http_answer *answer, const void *body,
                       size_t len);

/* Plain text; none when it is empty. */
void pinion__http_send_text(struct pinion_http *http, int status, const char *extra, const char *text,
                            bool keep_alive);

/* The status and its standard phrase. */
void pinion__http_send_error(struct pinion_http *http, int status, bool keep_alive);

#endif
