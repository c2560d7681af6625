/* Serves the files of a directory: requests that no route takes. */
#include "http/connection.h"
#include "http/file_answer.h"
#include "http/static.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Browsers keep the file, and ask each time whether it has changed. */
static void send_file(struct pinion_http *http, const struct pinion_http_file *file,
                      const struct pinion_http_request *request)
{
    struct pinion_http_file_answer answer;
    char lines[sizeof answer.lines + 30];
    if (pinion__file_answer(request, file, &answer) != 0) {
        close(file->fd);
        pinion__http_send_error(http, 500, request->keep_alive);
        return;
    }
    snprintf(lines, sizeof lines, "%scache-control: no-cache\r\n", answer.lines);
    struct pinion_http_answer head = { .extra = lines, .keep_alive = request->keep_alive };
    pinion__file_send(http, file, &answer, &head, false);
}

static void redirect_to_directory(struct pinion_http *http, const struct pinion_http_request *request)
{
    static const char format[] = "location: %.*s/%s%.*s\r\n";
    size_t size = sizeof format + request->path.len + request->query.len;
    char *location = malloc(size);
    if (!location) {
        pinion__http_send_error(http, 500, request->keep_alive);
        return;
    }
    snprintf(location, size, format, (int)request->path.len, request->path.ptr, request->query.len ? "?" : "",
             (int)request->query.len, request->query.len ? request->query.ptr : "");
    pinion__http_send_text(http, 301, location, "", request->keep_alive);
    free(location);
}

void pinion__http_serve_file(struct pinion_http *http, const struct pinion_static *files,
                             const struct pinion_http_request *request)
{
    struct pinion_http_file file;
    switch (pinion__static_open(files, request, &file)) {
    case 0:
        send_file(http, &file, request);
        break;
    case PINION_FILE_DIRECTORY:
        redirect_to_directory(http, request);
        break;
    case PINION_EPROTO:
        pinion__http_send_error(http, 400, request->keep_alive);
        break;
    case PINION_ENOENT:
        pinion__http_send_error(http, 404, request->keep_alive);
        break;
    case PINION_EBUSY:
        pinion__http_send_error(http, 503, request->keep_alive);
        break;
    default:
        pinion__http_send_error(http, 500, request->keep_alive);
        break;
    }
}
