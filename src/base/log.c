/* A line is formatted, made harmless and handed over in one piece. Lines are short enough (PIPE_BUF) that
 * those of several threads and processes do not mix in a pipe. */
#include "base/log.h"
#include "base/log_limit.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_SIZE 960                /* with the terminator; a longer message ends in "..." */
#define LINE_SIZE    (4 * MESSAGE_SIZE) /* when every byte becomes \xNN */
#define STAMP_SIZE   64                 /* "2026-01-31T12:00:00.000Z [warning] " */

static const char *const level_names[] = {
    [PINION_LOG_DEBUG] = "debug", [PINION_LOG_INFO] = "info", [PINION_LOG_WARNING] = "warning",
    [PINION_LOG_ERROR] = "error", [PINION_LOG_NONE] = "none",
};

static atomic_int least_level = PINION_LOG_INFO;

static struct {
    pinion_log_fn *fn; /* NULL: stderr */
    void *data;
} receiver;

void pinion_log_set_level(pinion_log_level level)
{
    pinion__log_limit_finish(); /* while its level is still heard */
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
    for (int i = PINION_LOG_DEBUG; word && i <= PINION_LOG_NONE; i++) {
        if (strcmp(word, level_names[i]) == 0) {
            *level = (pinion_log_level)i;
            return 0;
        }
    }
    return PINION_EINVAL;
}

bool pinion__log_enabled(pinion_log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed) && level < PINION_LOG_NONE;
}

static void format_message(char message[MESSAGE_SIZE], const char *format, va_list args)
{
    int length = vsnprintf(message, MESSAGE_SIZE, format, args);

    if (length < 0)
        message[0] = '\0';
    else if (length >= MESSAGE_SIZE)
        memcpy(message + MESSAGE_SIZE - sizeof("..."), "...", sizeof("..."));
}

/* Only printable ASCII passes: a terminal obeys more than the C0 controls. */
static void escape(char line[LINE_SIZE], const char *message)
{
    static const char digits[] = "0123456789abcdef";

    for (; *message; message++) {
        unsigned char byte = (unsigned char)*message;
        if (byte >= 0x20 && byte < 0x7f) {
            *line++ = (char)byte;
            continue;
        }
        *line++ = '\\';
        *line++ = 'x';
        *line++ = digits[byte >> 4];
        *line++ = digits[byte & 15];
    }
    *line = '\0';
}

static size_t put_stamp(char *out, pinion_log_level level)
{
    struct timespec now;
    struct tm utc;
    size_t length;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    length = strftime(out, STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    length += (size_t)snprintf(out + length, STAMP_SIZE - length, ".%03dZ [%s] ",
                               (int)(now.tv_nsec / 1000000), level_names[level]);
    return length;
}

static void write_to_stderr(pinion_log_level level, const char *line)
{
    char out[STAMP_SIZE + LINE_SIZE];
    size_t stamp_length = put_stamp(out, level);
    size_t line_length = strlen(line);

    memcpy(out + stamp_length, line, line_length);
    out[stamp_length + line_length] = '\n';
    ssize_t written = write(STDERR_FILENO, out, stamp_length + line_length + 1);
    (void)written; /* there is nowhere to say that the log is broken */
}

void pinion__log(pinion_log_level level, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    char line[LINE_SIZE];
    int saved_errno = errno;
    va_list args;

    if (!pinion__log_enabled(level))
        return;
    va_start(args, format);
    format_message(message, format, args);
    va_end(args);
    escape(line, message);
    if (receiver.fn)
        receiver.fn(level, line, receiver.data);
    else
        write_to_stderr(level, line);
    errno = saved_errno;
}
