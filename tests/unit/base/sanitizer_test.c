#include "base/sanitizer.h"
#include "base/slab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A sanitizer that is not recognized is not told of our memory: it finds nothing there, and nobody notices.
 */
static void the_sanitizers_are_recognized(void **state)
{
    assert_int_equal(PINION_ADDRESS_SANITIZER, ASKED_FOR_ADDRESSES);
    assert_int_equal(PINION_THREAD_SANITIZER, ASKED_FOR_THREADS);
}

#if PINION_ADDRESS_SANITIZER
static void an_object_that_was_given_back_is_guarded(void **state)
{
    struct pinion_regions regions = { 0 };
    struct pinion_slabs slabs = { 0 };
    pinion__regions_init(&regions);
    pinion__slabs_init(&slabs, 64, &regions);
    char *object = pinion__slabs_take(&slabs);
    assert_false(__asan_address_is_poisoned(object + 40));
    pinion__slabs_give(&slabs, object);
    assert_true(__asan_address_is_poisoned(object + 40));
    pinion__slabs_release(&slabs);
    pinion__regions_release(&regions);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sanitizers_are_recognized),
#if PINION_ADDRESS_SANITIZER
        cmocka_unit_test(an_object_that_was_given_back_is_guarded),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
