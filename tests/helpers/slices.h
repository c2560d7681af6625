/* Slices in tests: from literals that may hold NUL, and compared with them. Include after cmocka.h. */
#ifndef PINION_TESTS_SLICES_H
#define PINION_TESTS_SLICES_H

#include "base/slice.h"

/* For string literals only; a constant, so that tables can be made of it. */
#define LITERAL(s)                                                                                           \
    (struct pinion_slice)                                                                                    \
    {                                                                                                        \
        s, sizeof(s) - 1                                                                                     \
    }

#define assert_slice(actual, literal) check_slice((actual), LITERAL(literal), __FILE__, __LINE__)

static inline void check_slice(struct pinion_slice actual, struct pinion_slice expected, const char *file,
                               int line)
{
    if (pinion__slice_eq(actual, expected))
        return;
    print_error("\"%.*s\" is not \"%.*s\"\n", (int)actual.len, actual.ptr, (int)expected.len, expected.ptr);
    _fail(file, line);
}

#endif
