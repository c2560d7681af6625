/* Reading the answers to requests of a test. Ours begin with a head that the library has written. */
#include "testing/answer.h"
#include "http/answer.h"
#include <stdlib.h>
#include <strings.h>

static char *bytes_at(const struct pinion_test_answer *answer, size_t place)
{
    return answer->client.came.data + place;
}

/* ---- its lines ---- */

const char *pinion__test_answer_next(const struct pinion_test_answer *answer, const char *line)
{
    line = line ? line + strlen(line) + 2 : bytes_at(answer, answer->lines); /* behind '\0' and '\n' */
    return line[0] ? line : NULL;
}

bool pinion__test_line_has_name(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

const char *pinion__test_answer_line(const struct pinion_test_answer *answer, const char *name,
                                     const char *after, const char **value)
{
    if (answer->status == 0)
        return NULL;
    for (const char *line = pinion__test_answer_next(answer, after); line;
         line = pinion__test_answer_next(answer, line)) {
        if (!pinion__test_line_has_name(line, name))
            continue;
        *value = line + strlen(name) + 1;
        *value += strspn(*value, " ");
        return line;
    }
    return NULL;
}

/* ---- what came ---- */

/* Terminate each line of the head, in the place of its "\r". */
static void end_lines(char *head, size_t len)
{
    for (char *end = head + len; head < end; head++) {
        if (*head == '\r')
            *head = '\0';
    }
}

/* The length of the body. An answer without one ends with its connection. */
static void measure(struct pinion_test_answer *answer)
{
    const char *text;
    bool empty = answer->for_head || !pinion__http_has_content(answer->status);
    bool said = pinion__test_answer_line(answer, "content-length", NULL, &text) != NULL;
    answer->sized = empty || said;
    answer->length = empty || !said ? 0 : strtoull(text, NULL, 10);
}

/* "HTTP/1.1 200 OK" */
static int read_status(const char *head)
{
    const char *digits = head + sizeof "HTTP/1.1";
    return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0';
}

/* Take the head, once all of it is there. Those of interim answers (100 Continue) are dropped. */
static bool take_head(struct pinion_test_answer *answer)
{
    static const char end[] = "\r\n\r\n";
    struct pinion_buf *came = &answer->client.came;
    const char *stop;
    while (answer->status == 0 && came->len > 0 && (stop = memmem(came->data, came->len, end, 4)) != NULL) {
        size_t len = (size_t)(stop - came->data) + 4;
        int status = read_status(came->data);
        if (status < 200 && status != 101) {
            pinion__buf_consume(came, len);
            continue;
        }
        end_lines(came->data, len);
        answer->status = status;
        answer->lines = strlen(came->data) + 2;
        answer->body = len;
        measure(answer);
    }
    return answer->status != 0;
}

/* The body is terminated, so that it can be read as a text. Bytes behind it are not part of the answer. */
static void complete(struct pinion_test_answer *answer)
{
    struct pinion_buf *came = &answer->client.came;
    came->len = answer->body + answer->length;
    if (pinion__buf_append_char(came, '\0') != 0) {
        answer->client.starved = true;
        return;
    }
    answer->whole = true;
    if (answer->status != 101) /* then the connection goes on as something else */
        pinion__wire_leave(&answer->client);
}

void pinion__test_answer_read(struct pinion_test_answer *answer)
{
    if (answer->whole || answer->client.starved || !take_head(answer))
        return;
    size_t came = answer->client.came.len - answer->body;
    if (!answer->sized)
        answer->length = came;
    if (answer->sized ? came >= answer->length : answer->client.ended)
        complete(answer);
}

/* ---- for users ---- */

int pinion_test_answer_status(const pinion_test_answer *answer)
{
    PINION_NEED(answer, return 0);
    return answer->status;
}

const char *pinion_test_answer_header(const pinion_test_answer *answer, const char *name)
{
    const char *value = NULL;
    PINION_NEED(answer, return NULL);
    PINION_NEED(name, return NULL);
    return pinion__test_answer_line(answer, name, NULL, &value) ? value : NULL;
}

void pinion_test_answer_headers(const pinion_test_answer *answer, const char *prefix, pinion_header_fn *fn,
                                void *data)
{
    PINION_NEED(answer, return );
    PINION_NEED(prefix, return );
    PINION_NEED(fn, return );
    if (answer->status == 0)
        return;
    for (const char *line = pinion__test_answer_next(answer, NULL); line;
         line = pinion__test_answer_next(answer, line)) {
        size_t name = strcspn(line, ":");
        const char *value = line + name + 1;
        if (strncasecmp(line, prefix, strlen(prefix)) == 0)
            fn(pinion__slice(line, name), pinion__slice_str(value + strspn(value, " ")), data);
    }
}

const char *pinion_test_answer_cookie(pinion_test_answer *answer, const char *name)
{
    const char *value, *line = NULL;
    PINION_NEED_ANSWER(answer, return NULL);
    PINION_NEED(name, return NULL);
    size_t len = strlen(name);
    while ((line = pinion__test_answer_line(answer, "set-cookie", line, &value)) != NULL) {
        if (strncmp(value, name, len) != 0 || value[len] != '=')
            continue;
        value += len + 1;
        free(answer->cookie);
        answer->cookie = strndup(value, strcspn(value, ";"));
        return answer->cookie;
    }
    return NULL;
}

const char *pinion_test_answer_body(const pinion_test_answer *answer, size_t *length)
{
    PINION_NEED(answer, return NULL);
    if (length)
        *length = answer->whole ? answer->length : 0;
    return answer->whole ? bytes_at(answer, answer->body) : NULL;
}
