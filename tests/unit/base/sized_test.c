#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sized.h"
#include <pinion/error.h>
#include <string.h>

struct known {
    int a;
    int b;
    int c;
};

struct longer {
    struct known known;
    int later;
};

static void what_is_missing_is_zero(void **state)
{
    const int theirs[] = { 1, 2, 3 };
    for (size_t count = 0; count <= 3; count++) {
        struct known ours;
        memset(&ours, 0xff, sizeof ours);
        assert_int_equal(PINION_TAKE(struct known, &ours, (const void *)theirs, count * sizeof(int)), 0);
        assert_int_equal(ours.a, count > 0 ? 1 : 0);
        assert_int_equal(ours.b, count > 1 ? 2 : 0);
        assert_int_equal(ours.c, count > 2 ? 3 : 0);
    }
}

static void nothing_given_is_all_zero(void **state)
{
    struct known ours = { 1, 2, 3 };
    assert_int_equal(PINION_TAKE(struct known, &ours, NULL, sizeof ours), 0);
    assert_true(ours.a == 0 && ours.b == 0 && ours.c == 0);
}

static void what_is_not_known_must_not_be_set(void **state)
{
    struct longer theirs = { { 1, 2, 3 }, 0 };
    struct known ours;
    assert_int_equal(pinion__sized_take(&ours, sizeof ours, &theirs, sizeof theirs, "struct"), 0);
    for (unsigned bit = 0; bit < 8 * sizeof theirs.later; bit++) {
        theirs.later = (int)(1u << bit);
        memset(&ours, 0, sizeof ours);
        assert_int_equal(pinion__sized_take(&ours, sizeof ours, &theirs, sizeof theirs, "struct x"),
                         PINION_EINVAL);
        assert_non_null(strstr(pinion_error_detail(), "struct x: "));
        assert_true(ours.a == 1 && ours.b == 2 && ours.c == 3);
    }
}

static void is_given_as_far_as_there_is_room(void **state)
{
    const struct known ours = { 1, 2, 3 };
    for (size_t size = 0; size <= sizeof ours + 8; size++) {
        unsigned char theirs[sizeof ours + 16];
        memset(theirs, 0xa5, sizeof theirs);
        pinion__sized_give(theirs, size, &ours, sizeof ours);
        for (size_t i = 0; i < sizeof theirs; i++) {
            int wanted = i >= size ? 0xa5 : i >= sizeof ours ? 0 : ((const unsigned char *)&ours)[i];
            assert_int_equal(theirs[i], wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_zero),
        cmocka_unit_test(nothing_given_is_all_zero),
        cmocka_unit_test(what_is_not_known_must_not_be_set),
        cmocka_unit_test(is_given_as_far_as_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
