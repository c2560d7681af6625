#include "base/pool.h"
#include "helpers/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OBJECTS 3000

static bool is_filled(const uint8_t *bytes, size_t size, uint8_t with)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != with)
            return false;
    }
    return true;
}

static void objects_of_all_sizes_do_not_meet(void **state)
{
    static struct {
        uint8_t *bytes;
        size_t size;
    } objects[OBJECTS];
    struct pinion_pool pool = { 0 };
    struct random_source random = { 7 };
    pinion__pool_init(&pool);
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i].size = 1 + (size_t)random_below(&random, 700);
        objects[i].bytes = pinion__pool_take(&pool, objects[i].size);
        assert_non_null(objects[i].bytes);
        assert_true(is_filled(objects[i].bytes, objects[i].size, 0));
        memset(objects[i].bytes, (int)i, objects[i].size);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        assert_true(is_filled(objects[i].bytes, objects[i].size, (uint8_t)i));
        pinion__pool_give(&pool, objects[i].bytes, objects[i].size);
    }
    pinion__pool_release(&pool);
}

static void nothing_may_be_given_back(void **state)
{
    struct pinion_pool pool = { 0 };
    pinion__pool_init(&pool);
    pinion__pool_give(&pool, NULL, 16);
    pinion__pool_give(&pool, NULL, 1000);
    pinion__pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_all_sizes_do_not_meet),
        cmocka_unit_test(nothing_may_be_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
