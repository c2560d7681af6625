/* Where the library's log lines go. */
#ifndef PINION_LOG_H
#define PINION_LOG_H

#include <pinion/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pinion_log_level {
    PINION_LOG_DEBUG,   /* every join, leave and message */
    PINION_LOG_INFO,    /* life of the server; clients that break the protocol */
    PINION_LOG_WARNING, /* something an operator should look at */
    PINION_LOG_ERROR,   /* something failed: a channel crashed, a listener broke */
    PINION_LOG_NONE,
} pinion_log_level;

/* Receives one line, without a line end. Called on whatever thread logs, also on several at once; must not
 * call back into the library. Lifetime: `line` is valid for the call. */
typedef void pinion_log_fn(pinion_log_level level, const char *line, void *data);

/* The least level that is written; PINION_LOG_INFO at first. Thread: any. */
PINION_API void pinion_log_set_level(pinion_log_level level);

/* "debug", "info", "warning", "error" or "none" into *level. PINION_EINVAL for another word. */
PINION_API PINION_CHECKED int pinion_log_level_parse(const char *word, pinion_log_level *level);

/* Send lines to fn instead of stderr; NULL is stderr again. Call it before any endpoint starts. */
PINION_API void pinion_log_set_function(pinion_log_fn *fn, void *data);

#ifdef __cplusplus
}
#endif
#endif
