#include "base/misuse.h"
#include "base/log_limit.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SENTENCE_MAX 300

/* It does not use the log: the program ends here, so a log function of the application's may never be
 * read. */
#ifdef PINION_CHECKS
static void end_program(const char *function, const char *why)
{
    pinion_log_flush();
    fprintf(stderr, "pinion: %s: %s\n", function, why);
    abort();
}
#else
static void end_program(const char *function, const char *why)
{
    (void)function;
    (void)why;
}
#endif

void pinion__misuse(const char *function, const char *format, ...)
{
    char why[SENTENCE_MAX], name[PINION_FUNCTION_NAME];
    va_list args;
    va_start(args, format);
    if (vsnprintf(why, sizeof why, format, args) < 0)
        why[0] = '\0';
    va_end(args);
    function = pinion__public_name(name, function);
    end_program(function, why);
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "%s: %s: the call has no effect", function, why);
    (void)pinion__fail(PINION_EINVAL, "%s: %s", function, why);
}
