#include "base/log_line.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIME_ROOM 64

const char *pinion__log_level_name(pinion_log_level level)
{
    static const char *const names[] = {
        [PINION_LOG_DEBUG] = "debug", [PINION_LOG_INFO] = "info", [PINION_LOG_WARNING] = "warning",
        [PINION_LOG_ERROR] = "error", [PINION_LOG_NONE] = "none",
    };
    return names[level];
}

static atomic_int format = PINION_LOG_FORMAT_TEXT;

void pinion__log_line_format(pinion_log_format wanted)
{
    atomic_store_explicit(&format, (int)wanted, memory_order_relaxed);
}

static void write_time(char out[TIME_ROOM])
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(out, TIME_ROOM, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + len, TIME_ROOM - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

static size_t write_text(char line[PINION_LOG_LINE], const char *time, const char *level, const char *text)
{
    size_t len = (size_t)snprintf(line, PINION_LOG_LINE, "%s [%s] ", time, level), text_len = strlen(text);
    memcpy(line + len, text, text_len);
    line[len + text_len] = '\n';
    return len + text_len + 1;
}

/* A text in which much is escaped may not fit: it is cut, and ends in "...". */
static size_t write_json(char line[PINION_LOG_LINE], const char *time, const char *level, const char *text)
{
    static const char end[] = "\"}\n", cut[] = "...\"}\n";
    size_t len = (size_t)snprintf(line, PINION_LOG_LINE, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"",
                                  time, level);
    for (; *text && len + 2 + sizeof cut <= PINION_LOG_LINE; text++) {
        if (*text == '"' || *text == '\\')
            line[len++] = '\\';
        line[len++] = *text;
    }
    const char *last = *text ? cut : end;
    memcpy(line + len, last, strlen(last));
    return len + strlen(last);
}

size_t pinion__log_line(char line[PINION_LOG_LINE], pinion_log_level level, const char *text)
{
    char time[TIME_ROOM];
    const char *name = pinion__log_level_name(level);
    bool json = atomic_load_explicit(&format, memory_order_relaxed) == PINION_LOG_FORMAT_JSON;
    write_time(time);
    return json ? write_json(line, time, name, text) : write_text(line, time, name, text);
}
