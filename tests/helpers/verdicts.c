/* What our parsers say of files: `verdicts ws FILE...` or `verdicts http FILE...`, a line for each file:
 *
 *   ws     its events, with blanks between: a kind, ':' and bytes in hexadecimal or a close code. A file is
 *          an input of fuzz_ws_decode: the stream begins behind the lengths of pieces.
 *   http   "taken METHOD TARGET", "refused STATUS" or "more" */
#include "base/buf.h"
#include "proto/http1.h"
#include "proto/utf8.h"
#include "proto/ws_frame.h"
#include <pinion/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGE 1000 /* as in fuzz_ws_decode */

static struct pinion_buf read_file(const char *path)
{
    struct pinion_buf bytes;
    char part[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    pinion__buf_init(&bytes, SIZE_MAX);
    if (!file) {
        perror(path);
        exit(1);
    }
    while ((len = fread(part, 1, sizeof part, file)) > 0) {
        if (pinion__buf_append(&bytes, part, len) != 0)
            exit(1);
    }
    fclose(file);
    return bytes;
}

/* ---- WebSocket ---- */

static void print_bytes(const char *kind, const struct pinion_ws_event *event)
{
    printf("%s:", kind);
    for (size_t i = 0; i < event->len; i++)
        printf("%02x", (unsigned char)event->data[i]);
    printf(" ");
}

/* A text that came whole is left to its reader to check. */
static bool is_bad_text(const struct pinion_ws_event *event)
{
    return event->opcode == PINION_OPCODE_TEXT && !event->utf8_checked &&
           !pinion__utf8_valid(event->data, event->len);
}

/* Returns false at the end. */
static bool print_event(const struct pinion_ws_event *event)
{
    switch (event->type) {
    case PINION_WS_MESSAGE:
        if (is_bad_text(event)) {
            printf("error:1007 ");
            return false;
        }
        print_bytes(event->opcode == PINION_OPCODE_TEXT ? "text" : "binary", event);
        return true;
    case PINION_WS_PING:
    case PINION_WS_PONG:
        print_bytes(event->type == PINION_WS_PING ? "ping" : "pong", event);
        return true;
    case PINION_WS_CLOSE:
    case PINION_WS_ERROR:
        printf("%s:%u ", event->type == PINION_WS_CLOSE ? "close" : "error", event->close_code);
        return false;
    default:
        return false;
    }
}

static void judge_ws(char *bytes, size_t len)
{
    struct pinion_ws_decoder decoder;
    struct pinion_ws_event event;
    size_t pos = 0, start = len > 0 ? 1 + (unsigned char)bytes[0] % 8u : 0;
    if (start > len)
        start = len;
    pinion__ws_decoder_init(&decoder, MAX_MESSAGE);
    do
        pinion__ws_decode(&decoder, (uint8_t *)bytes + start, len - start, &pos, &event);
    while (print_event(&event));
    pinion__ws_decoder_release(&decoder);
}

/* ---- HTTP ---- */

static void judge_http(char *bytes, size_t len)
{
    struct pinion_http_request request;
    long rc = pinion__http1_parse(bytes, len, 0, &request);
    if (rc > 0)
        printf("taken %.*s %.*s", (int)request.method.len, request.method.ptr, (int)request.target.len,
               request.target.ptr);
    else if (rc == PINION_MORE)
        printf("more");
    else
        printf("refused %d", request.refusal);
}

int main(int argc, char **argv)
{
    if (argc < 2 || (strcmp(argv[1], "ws") != 0 && strcmp(argv[1], "http") != 0)) {
        fprintf(stderr, "usage: verdicts ws|http FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        struct pinion_buf bytes = read_file(argv[i]);
        if (strcmp(argv[1], "ws") == 0)
            judge_ws(bytes.data, bytes.len);
        else
            judge_http(bytes.data, bytes.len);
        printf("\n");
        pinion__buf_release(&bytes);
    }
    return 0;
}
