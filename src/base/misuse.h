/* Calls of the public API that cannot be right: an argument is NULL that must not be, or a function is called
 * on the wrong thread or where it would wait for itself. One rule for all of them:
 *
 * Builds with checks (base/check.h) end the program, after a line on stderr that names the public function
 * and what is wrong. In other builds the call has no effect. It is logged at warning, pinion_error_detail()
 * has the same sentence, and the function returns PINION_EINVAL, or NULL, 0 or nothing if it returns no code.
 *
 * What the contract of a function lists as an error is not misuse: it is returned in every build. */
#ifndef PINION_BASE_MISUSE_H
#define PINION_BASE_MISUSE_H

#include "base/log.h"

/* At the start of a public function: if the condition is false, the call is misuse, and the statement
 * `otherwise`, which returns, is executed. A format and its arguments follow. */
#define PINION_RULE(condition, otherwise, ...)                                                               \
    do {                                                                                                     \
        if (__builtin_expect(!(condition), 0)) {                                                             \
            pinion__misuse(__func__, __VA_ARGS__);                                                           \
            otherwise;                                                                                       \
        }                                                                                                    \
    } while (0)

/* This argument must not be NULL. */
#define PINION_NEED(argument, otherwise) PINION_RULE(argument, otherwise, "%s is NULL", #argument)

/* The same, for functions that return a code and consume nothing. */
#define PINION_NEEDED(argument) PINION_NEED(argument, return PINION_EINVAL)

void pinion__misuse(const char *function, const char *format, ...) __attribute__((cold, noinline))
PINION_PRINTF(2, 3);

/* The end of a public function that returns a code: return the value of the expression. If it is an error,
 * pinion_error_detail() describes this call: with the sentence that the expression kept, otherwise with the
 * function's name and the code's text. */
#define PINION_RETURN(expression)                                                                            \
    do {                                                                                                     \
        unsigned pinion_error_before = pinion__error_mark();                                                 \
        return pinion__error_end(__func__, pinion_error_before, (expression));                               \
    } while (0)

#endif
