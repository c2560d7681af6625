/* Answers that are files: their status, their headers and their part of the file. */
#ifndef PINION_HTTP_FILE_ANSWER_H
#define PINION_HTTP_FILE_ANSWER_H

#include "base/slice.h"
#include "http/open_file.h"
#include "proto/http_range.h"

struct pinion_http;
struct pinion_http_answer;
struct pinion_http_request;

struct pinion_http_file_answer {
    int status;
    struct pinion_http_part part; /* of the file */
    char lines[400];              /* headers, each with its line end */
};

/* Decide how a request for this file is answered. PINION_EIO: the file cannot be read there. */
int pinion__file_answer(const struct pinion_http_request *request, const struct pinion_http_file *file,
                        struct pinion_http_file_answer *answer);

/* Queue the answer. `head` has the headers and keep_alive; the rest is filled in here, and so is the content
 * type unless `typed`. Closes the file once it is sent. */
void pinion__file_send(struct pinion_http *http, const struct pinion_http_file *file,
                       const struct pinion_http_file_answer *answer, struct pinion_http_answer *head,
                       bool typed);

/* True for the headers that such an answer has of its own. */
bool pinion__file_has_header(struct pinion_slice name);

#endif
