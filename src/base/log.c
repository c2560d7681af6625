/* A line is formatted, escaped, and handed over in one piece: to the application's function, or to the writer
 * of stderr. */
#include "base/log.h"
#include "base/log_limit.h"
#include "base/log_line.h"
#include "base/log_writer.h"
#include "base/misuse.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_int least_level = PINION_LOG_INFO;

static struct {
    pinion_log_fn *fn; /* NULL: write to stderr */
    void *data;
} receiver;

void pinion_log_set_level(pinion_log_level level)
{
    pinion__log_limit_finish(); /* while its level is still written */
    pinion__log_limit_reset();
    atomic_store_explicit(&least_level, (int)level, memory_order_relaxed);
}

void pinion_log_set_function(pinion_log_fn *fn, void *data)
{
    pinion__log_limit_reset();
    receiver.fn = fn;
    receiver.data = data;
}

int pinion_log_level_parse(const char *word, pinion_log_level *level)
{
    PINION_NEEDED(level);
    for (int i = PINION_LOG_DEBUG; word && i <= PINION_LOG_NONE; i++) {
        if (strcmp(word, pinion__log_level_name((pinion_log_level)i)) == 0) {
            *level = (pinion_log_level)i;
            return 0;
        }
    }
    return pinion__fail(PINION_EINVAL,
                        "word: \"%s\" is not a log level; use debug, info, warning, error or none",
                        word ? word : "(NULL)");
}

void pinion_log_set_format(pinion_log_format format)
{
    pinion__log_line_format(format);
}

int pinion_log_format_parse(const char *word, pinion_log_format *format)
{
    PINION_NEEDED(format);
    bool text = word && strcmp(word, "text") == 0, json = word && strcmp(word, "json") == 0;
    if (!text && !json)
        return pinion__fail(PINION_EINVAL, "word: \"%s\" is not a log format; use text or json",
                            word ? word : "(NULL)");
    *format = json ? PINION_LOG_FORMAT_JSON : PINION_LOG_FORMAT_TEXT;
    return 0;
}

bool pinion__log_enabled(pinion_log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed) && level < PINION_LOG_NONE;
}

static void format_message(char message[PINION_LOG_MESSAGE], const char *format, va_list args)
{
    int length = vsnprintf(message, PINION_LOG_MESSAGE, format, args);

    if (length < 0)
        message[0] = '\0';
    else if (length >= PINION_LOG_MESSAGE)
        memcpy(message + PINION_LOG_MESSAGE - sizeof("..."), "...", sizeof("..."));
}

/* Only printable ASCII stays: terminals also obey control characters outside of ASCII. */
static void escape(char text[PINION_LOG_TEXT], const char *message)
{
    static const char digits[] = "0123456789abcdef";

    for (; *message; message++) {
        unsigned char byte = (unsigned char)*message;
        if (byte >= 0x20 && byte < 0x7f) {
            *text++ = (char)byte;
            continue;
        }
        *text++ = '\\';
        *text++ = 'x';
        *text++ = digits[byte >> 4];
        *text++ = digits[byte & 15];
    }
    *text = '\0';
}

static void write_to_stderr(pinion_log_level level, const char *text)
{
    char line[PINION_LOG_LINE];
    pinion__log_write(line, pinion__log_line(line, level, text));
}

void pinion__log(pinion_log_level level, const char *format, ...)
{
    char message[PINION_LOG_MESSAGE];
    char text[PINION_LOG_TEXT];
    int saved_errno = errno;
    va_list args;

    if (!pinion__log_enabled(level))
        return;
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    escape(text, message);
    if (receiver.fn)
        receiver.fn(level, text, receiver.data);
    else
        write_to_stderr(level, text);
    errno = saved_errno;
}

void pinion_log_flush(void)
{
    pinion__log_flush();
}

uint64_t pinion_log_dropped(void)
{
    return pinion__log_dropped();
}
