/* A line of the log in the form for stderr. */
#ifndef PINION_BASE_LOG_LINE_H
#define PINION_BASE_LOG_LINE_H

#include <pinion/log.h>
#include <stddef.h>

#define PINION_LOG_MESSAGE 960 /* with the terminator; a longer message is cut, and ends in "..." */
#define PINION_LOG_TEXT    (4 * PINION_LOG_MESSAGE) /* if every byte is written as \xNN */
#define PINION_LOG_LINE    (PINION_LOG_TEXT + 64)   /* with time and level */

/* Make a line of `text`, which is printable ASCII and fits into PINION_LOG_TEXT. Returns the line's length.
 */
size_t pinion__log_line(char line[PINION_LOG_LINE], pinion_log_level level, const char *text);

/* The format of lines from now on. Thread: any. */
void pinion__log_line_format(pinion_log_format wanted);

/* "debug", "info", ... */
const char *pinion__log_level_name(pinion_log_level level);

#endif
