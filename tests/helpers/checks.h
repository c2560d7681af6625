/* What a checker says of a structure that was broken on purpose. Include after cmocka.h. */
#ifndef TESTS_HELPERS_CHECKS_H
#define TESTS_HELPERS_CHECKS_H

#include <string.h>

#define assert_sound(wrong) assert_null(wrong)

/* Its sentence has these words. */
#define assert_tells(wrong, words)                                                                           \
    do {                                                                                                     \
        const char *told = wrong;                                                                            \
        assert_non_null(told);                                                                               \
        if (!strstr(told, words))                                                                            \
            assert_string_equal(told, words);                                                                \
    } while (0)

#endif
