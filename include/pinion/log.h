/* Where the library's log lines go: to stderr, or to a function of the application.
 *
 * The library writes to stderr on a thread of its own. So logging never blocks a loop and never ends the
 * process, whatever reads stderr. The thread starts with the first line and blocks all signals. The library
 * does not change the disposition of SIGPIPE, nor the flags of stderr. Lines wait in a ring of 256 KiB. When
 * the reader is too slow, has stalled or has gone, or the disk is full, lines are dropped. The next line that
 * can be written comes after a line with the number of dropped ones.
 *
 * Order: lines appear in the order in which they were logged. What the program itself writes to stderr may
 * appear before a line that was logged earlier.
 *
 * At exit(3), also when main returns, the process waits up to a quarter of a second for the last lines. It
 * does not wait when it ends by _exit, abort or a signal: the last lines may then be missing, unless
 * pinion_log_flush was called before. A function of the application gets every line.
 *
 * After fork(2) each process writes what it logged itself. */
#ifndef PINION_LOG_H
#define PINION_LOG_H

#include <pinion/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much a line matters. Also the level from which on lines are written. */
typedef enum pinion_log_level {
    PINION_LOG_DEBUG,   /* Every join, leave and message. */
    PINION_LOG_INFO,    /* The life of the server; clients that break the protocol. */
    PINION_LOG_WARNING, /* Something an operator should look at. */
    PINION_LOG_ERROR,   /* Something failed: a channel crashed, a listener broke. */
    PINION_LOG_NONE,    /* No line has this level: as a threshold, nothing is written. */
} pinion_log_level;

/* What lines look like on stderr. The text of a line has printable ASCII only; other bytes are written as
 * \xNN in it. */
typedef enum pinion_log_format {
    PINION_LOG_FORMAT_TEXT, /* 2026-01-31T12:00:00.000Z [warning] text */
    PINION_LOG_FORMAT_JSON, /* {"time": "2026-01-31T12:00:00.000Z", "level": "warning", "message": "text"} */
} pinion_log_format;

/* Takes one line, without a line end. It must not call the library. The thread that logs waits until it
 * returns: if it writes where the reader may stall, it blocks a loop.
 *
 * Lifetime: line is valid for the call.
 *
 * Thread: the one that logs; several threads may call it at once. */
typedef void pinion_log_fn(pinion_log_level level, const char *line, void *data);

/* Set the lowest level that is written, for all endpoints of the process. Default: PINION_LOG_INFO.
 *
 * Thread: any. */
PINION_API void pinion_log_set_level(pinion_log_level level);

/* Read a level's name into *level: "debug", "info", "warning", "error" or "none".
 *
 * Errors: PINION_EINVAL: another word. */
PINION_API PINION_CHECKED int pinion_log_level_parse(const char *word, pinion_log_level *level);

/* Set what lines look like on stderr, for all of the process. A function of the application gets the text
 * alone. Default: PINION_LOG_FORMAT_TEXT.
 *
 * Thread: any. */
PINION_API void pinion_log_set_format(pinion_log_format format);

/* Read a format's name into *format: "text" or "json".
 *
 * Errors: PINION_EINVAL: another word. */
PINION_API PINION_CHECKED int pinion_log_format_parse(const char *word, pinion_log_format *format);

/* Send lines to fn in place of stderr. NULL sends them to stderr again. Call it before any endpoint starts.
 */
PINION_API void pinion_log_set_function(pinion_log_fn *fn, void *data);

/* Wait until all lines logged so far have been written to stderr, for up to a quarter of a second. Call it
 * before _exit, before execve, or before stderr becomes another file.
 *
 * Thread: any; also in a signal handler. */
PINION_API void pinion_log_flush(void);

/* How many lines this process could not write to stderr.
 *
 * Thread: any. */
PINION_API uint64_t pinion_log_dropped(void);

#ifdef __cplusplus
}
#endif
#endif
