#include "base/log_line.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *pinion__log_level_name(pinion_log_level level)
{
    static const char *const names[] = {
        [PINION_LOG_DEBUG] = "debug", [PINION_LOG_INFO] = "info", [PINION_LOG_WARNING] = "warning",
        [PINION_LOG_ERROR] = "error", [PINION_LOG_NONE] = "none",
    };
    return names[level];
}

size_t pinion__log_line(char line[PINION_LOG_LINE], pinion_log_level level, const char *text)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(line, PINION_LOG_LINE, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(line + len, PINION_LOG_LINE - len, ".%03dZ [%s] ", (int)(now.tv_nsec / 1000000),
                            pinion__log_level_name(level));
    size_t text_len = strlen(text);
    memcpy(line + len, text, text_len);
    line[len + text_len] = '\n';
    return len + text_len + 1;
}
