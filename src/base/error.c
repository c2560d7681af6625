/* What the error codes mean, and the sentence that a thread's last failure left behind. */
#include "base/log.h"
#include "base/log_writer.h"
#include <pinion/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct {
    int code;
    char sentence[512];
} last_failure;

const char *pinion_strerror(int code)
{
    switch (code) {
    case 0:
        return "no error";
#define CASE(name, value, text)                                                                              \
    case PINION_##name:                                                                                      \
        return text;
        PINION_ERROR_MAP(CASE)
#undef CASE
    default:
        return "unknown error";
    }
}

const char *pinion_errname(int code)
{
    switch (code) {
    case 0:
        return "OK";
#define CASE(name, value, text)                                                                              \
    case PINION_##name:                                                                                      \
        return "PINION_" #name;
        PINION_ERROR_MAP(CASE)
#undef CASE
    default:
        return "unknown";
    }
}

const char *pinion_error_detail(void)
{
    return last_failure.sentence;
}

int pinion__fail(int code, const char *format, ...)
{
    /* Formatted apart, because the arguments may include the sentence kept so far. */
    char sentence[sizeof(last_failure.sentence)];
    va_list args;

    va_start(args, format);
    if (vsnprintf(sentence, sizeof(sentence), format, args) < 0)
        sentence[0] = '\0';
    va_end(args);
    last_failure.code = code;
    memcpy(last_failure.sentence, sentence, strlen(sentence) + 1);
    return code;
}

/* The sentence kept may be that of an earlier failure with another code; the code's own text is better then.
 */
static const char *explanation(int code)
{
    if (last_failure.code == code && last_failure.sentence[0] != '\0')
        return last_failure.sentence;
    return pinion_strerror(code);
}

int pinion_exit(int code)
{
    if (code == 0)
        return 0;
    char line[sizeof last_failure.sentence + 16];
    int len = snprintf(line, sizeof line, "pinion: %s\n", explanation(code));
    pinion__log_write(line, (size_t)len); /* after what was logged; and nobody waits for a reader for long */
    pinion__log_flush();
    return 1;
}
