/* Where the library's log lines go: to stderr, or to a function of the application's.
 *
 * A thread of the library's own writes to stderr, so that logging never holds up a loop and never ends the
 * process, whoever reads. It starts with the first line and blocks all signals; SIGPIPE is left as the
 * program has it, and so are the flags of stderr. Lines wait in a ring of 256 KiB. When the reader is too
 * slow for that, has stalled or has gone, or the disk is full, lines are dropped; the next that can be
 * written is preceded by how many were. Lines appear in the order in which they were logged; what the program
 * itself writes to stderr may come before a line that was logged earlier.
 *
 * At exit(3), also by a return from main, the process waits for what was logged last, a quarter of a second
 * at most. Nobody waits where a process ends otherwise, by _exit, abort or a signal: the last lines may be
 * missing then, unless pinion_log_flush came before. A function of the application's gets every line.
 *
 * After fork(2) each process writes what it has logged itself. */
#ifndef PINION_LOG_H
#define PINION_LOG_H

#include <pinion/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much a line matters, and from which level on lines are written. */
typedef enum pinion_log_level {
    PINION_LOG_DEBUG,   /* every join, leave and message */
    PINION_LOG_INFO,    /* life of the server; clients that break the protocol */
    PINION_LOG_WARNING, /* something an operator should look at */
    PINION_LOG_ERROR,   /* something failed: a channel crashed, a listener broke */
    PINION_LOG_NONE,    /* no line has it: nothing is written */
} pinion_log_level;

/* Receives one line, without a line end. Called on whatever thread logs, also on several at once, which waits
 * until it returns: one that writes where the reader may stall holds up a loop. Must not call back into the
 * library. Lifetime: `line` is valid for the call. */
typedef void pinion_log_fn(pinion_log_level level, const char *line, void *data);

/* The least level that is written, by all endpoints of the process; PINION_LOG_INFO at first. Thread: any. */
PINION_API void pinion_log_set_level(pinion_log_level level);

/* "debug", "info", "warning", "error" or "none" into *level. PINION_EINVAL for another word. */
PINION_API PINION_CHECKED int pinion_log_level_parse(const char *word, pinion_log_level *level);

/* Send lines to fn instead of stderr; NULL is stderr again. Call it before any endpoint starts. */
PINION_API void pinion_log_set_function(pinion_log_fn *fn, void *data);

/* Wait until what was logged so far has been written to stderr, a quarter of a second at most: before _exit,
 * execve, or giving stderr to another file. Thread: any; also in a signal handler. */
PINION_API void pinion_log_flush(void);

/* How many lines this process could not write to stderr. Thread: any. */
PINION_API uint64_t pinion_log_dropped(void);

#ifdef __cplusplus
}
#endif
#endif
