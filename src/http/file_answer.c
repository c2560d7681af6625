#include "http/file_answer.h"
#include "http/conditions.h"
#include "http/connection.h"
#include "proto/http_date.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static const char *const ours[] = { "accept-ranges", "content-encoding", "content-range", "etag",
                                    "last-modified" };

bool pinion__file_has_header(struct pinion_slice name)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (name.len == strlen(ours[i]) && strncasecmp(name.ptr, ours[i], name.len) == 0)
            return true;
    }
    return false;
}

/* ---- its headers ---- */

static void add(struct pinion_http_file_answer *answer, const char *format, ...) PINION_PRINTF(2, 3);

static void add(struct pinion_http_file_answer *answer, const char *format, ...)
{
    size_t len = strlen(answer->lines);
    va_list args;
    va_start(args, format);
    vsnprintf(answer->lines + len, sizeof answer->lines - len, format, args);
    va_end(args);
}

static void add_date(const struct pinion_http_file *file, struct pinion_http_file_answer *answer)
{
    char date[PINION_HTTP_DATE];
    if (!file->dated)
        return;
    pinion__http_date_write(file->modified.tv_sec, date);
    add(answer, "last-modified: %s\r\n", date);
}

/* A 304 has what a cache needs, and no more (RFC 9110 section 15.4.5). */
static void describe(const struct pinion_http_file *file, struct pinion_http_file_answer *answer)
{
    bool sent = answer->status == 200 || answer->status == 206;
    if (sent || answer->status == 304)
        add(answer, "etag: %s\r\n", file->etag);
    if (sent)
        add_date(file, answer);
    if (sent || answer->status == 416)
        add(answer, "accept-ranges: bytes\r\n");
    if (sent && file->encoding)
        add(answer, "content-encoding: %s\r\n", file->encoding);
    if (file->varies)
        add(answer, "vary: accept-encoding\r\n");
    if (answer->status == 206)
        add(answer, "content-range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", answer->part.first,
            answer->part.first + answer->part.length - 1, file->size);
    if (answer->status == 416)
        add(answer, "content-range: bytes */%" PRIu64 "\r\n", file->size);
}

int pinion__file_answer(const struct pinion_http_request *request, const struct pinion_http_file *file,
                        struct pinion_http_file_answer *answer)
{
    answer->lines[0] = '\0';
    answer->status = pinion__http_conditions(request, file, time(NULL), &answer->part);
    describe(file, answer);
    if (answer->status == 206 && lseek(file->fd, (off_t)answer->part.first, SEEK_SET) < 0)
        return PINION_EIO;
    return 0;
}

/* ---- sending ---- */

void pinion__file_send(struct pinion_http *http, const struct pinion_http_file *file,
                       const struct pinion_http_file_answer *answer, struct pinion_http_answer *head,
                       bool typed)
{
    bool sent = answer->status == 200 || answer->status == 206;
    head->status = answer->status;
    head->content_type = sent && !typed ? file->content_type : NULL;
    head->length = sent ? answer->part.length : 0;
    head->body_follows = sent && !http->head_only;
    pinion__http_send(http, head, NULL, 0);
    if (head->body_follows)
        pinion__http_start_file(http, file->fd, head->length, head->keep_alive);
    else
        close(file->fd);
}
