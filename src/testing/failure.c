#include "testing/failure.h"
#include "base/log.h"
#include "engine/log_params.h"
#include "testing/kit.h"
#include <stdarg.h>
#include <stdlib.h>

/* Takes the text, or NULL without memory. */
static int keep(pinion_test *test, int code, char *text)
{
    if (!text)
        return pinion__fail(code, "%s", pinion_strerror(code));
    (void)pinion__fail_whole(code, text);
    free(test->failure);
    test->failure = text;
    return code;
}

int pinion__test_fail_with(pinion_test *test, int code, pinion_test_writer *write, const void *what)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return keep(test, code, NULL);
    write(out, what);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        text = NULL;
    }
    return keep(test, code, text);
}

int pinion__test_failf(pinion_test *test, int code, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return keep(test, code, length < 0 ? NULL : text);
}

void pinion__test_failure_release(pinion_test *test)
{
    if (test->failure)
        pinion__fail_gone(test->failure);
    free(test->failure);
}

/* ---- parts ---- */

void pinion__test_write_bytes(FILE *out, struct pinion_slice bytes)
{
    fputs("(binary:", out);
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(out, " %02x", (unsigned char)bytes.ptr[i]);
    fputc(')', out);
}

void pinion__test_write_payload(FILE *out, const pinion_payload *payload)
{
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY) {
        pinion__test_write_bytes(out, pinion__slice(bytes, length));
        return;
    }
    char *text = pinion__log_params_whole(payload, NULL);
    fputs(text ? text : pinion_strerror(PINION_ENOMEM), out);
    free(text);
}

void pinion__test_write_frame(FILE *out, struct pinion_frame *frame)
{
    struct pinion_slice wire = pinion__frame_wire(frame);
    if (frame->opcode != PINION_OPCODE_TEXT) {
        pinion__test_write_bytes(out, wire);
        return;
    }
    pinion_payload *payload = pinion_payload_text(wire.ptr, wire.len);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_JSON && pinion_payload_tree(payload))
        pinion__test_write_payload(out, payload);
    else
        fwrite(wire.ptr, 1, wire.len, out); /* of a serializer of the application */
    pinion_payload_unref(payload);
}
