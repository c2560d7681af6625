/* A file that the application answers a request with. */
#include "base/quote.h"
#include "http/answer.h"
#include "http/call.h"
#include "http/encoded.h"
#include "http/file_answer.h"
#include "http/http.h"
#include "http/static.h"
#include <errno.h>
#include <unistd.h>

/* ---- the file ---- */

static int open_directory(const char *path, int *directory)
{
    *directory = pinion__static_directory(path);
    if (*directory >= 0)
        return 0;
    int error = errno;
    if (pinion__file_why_not(error) == PINION_EBUSY)
        return PINION_EBUSY;
    return pinion__fail(PINION_EINVAL, "cannot open the directory \"%s\": %s", path, strerror(error));
}

/* A slash at the end would ask for a directory. */
static bool is_file_name(const char *path)
{
    size_t len = strlen(path);
    return len > 0 && path[len - 1] != '/' && pinion__static_is_plain(path);
}

static int open_below(int directory, const char *path, const struct pinion_http_request *head,
                      struct pinion_http_file *file)
{
    int rc = is_file_name(path) ? pinion__file_open(directory, path, file) : PINION_ENOENT;
    if (rc == PINION_FILE_DIRECTORY)
        rc = PINION_ENOENT;
    if (!rc)
        pinion__file_encode(directory, path, head, file);
    return rc;
}

static int open_file(const char *directory, const char *path, const struct pinion_http_request *head,
                     struct pinion_http_file *file)
{
    int fd;
    int rc = open_directory(directory, &fd);
    if (rc)
        return rc;
    rc = open_below(fd, path, head, file);
    close(fd);
    if (rc == PINION_ENOENT)
        return pinion__fail(rc, "there is no file %s in the directory",
                            PINION_QUOTE(pinion__slice_str(path)));
    return rc;
}

/* ---- the answer ---- */

static int check_headers(const struct pinion_http_headers *headers)
{
    if (pinion__http_headers_any(headers, pinion__file_has_header))
        return pinion__fail(PINION_EINVAL,
                            "the library writes the headers etag, last-modified, accept-ranges, "
                            "content-range and content-encoding of a file itself");
    return 0;
}

static int take_headers(const pinion_request *request, const pinion_header *list,
                        struct pinion_http_headers *headers)
{
    int rc = pinion__request_take(200, list, headers);
    if (!rc)
        rc = check_headers(headers);
    return rc ? rc : check_headers(&request->headers);
}

/* Closes the file on an error too. */
static int send_file(pinion_request *request, const struct pinion_http_file *file,
                     const struct pinion_http_headers *headers)
{
    struct pinion_http_file_answer answer;
    int rc = pinion__file_answer(request->head, file, &answer);
    if (!rc)
        rc = pinion__request_complete(request, headers, answer.lines);
    if (rc) {
        close(file->fd);
        return rc;
    }
    struct pinion_http_answer head = { .extra = request->headers.lines.data,
                                       .keep_alive = pinion__http_keep_alive(request->http) };
    pinion__request_let_answer(request);
    pinion__file_send(request->http, file, &answer, &head, request->headers.typed);
    return 0;
}

static int answer_file(pinion_request *request, const char *directory, const char *path,
                       const pinion_header *list)
{
    struct pinion_http_headers headers;
    struct pinion_http_file file = { .fd = -1 };
    int rc = pinion__request_open(request);
    pinion__http_headers_init(&headers);
    if (!rc)
        rc = take_headers(request, list, &headers);
    if (!rc)
        rc = open_file(directory, path, request->head, &file);
    if (!rc)
        rc = send_file(request, &file, &headers);
    pinion__http_headers_release(&headers);
    return rc;
}

int pinion_request_answer_file(pinion_request *request, const char *directory, const char *path,
                               const pinion_header *headers)
{
    PINION_NEEDED(request);
    PINION_NEEDED(directory);
    PINION_NEEDED(path);
    PINION_ON_LOOP_OF_REQUEST(request, return PINION_EINVAL);
    PINION_ANSWERS(request, answer_file(request, directory, path, headers));
}
