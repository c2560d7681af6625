/* Freed blocks stay recognizable for a while, the oldest leaves first, and the bounds hold. */
#include "base/check.h"
#include "base/pool.h"
#include "base/quarantine.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#ifdef PINION_CHECKS

#define SIZE 64

static void *new_block(size_t size)
{
    void *block = calloc(1, size);
    assert_non_null(block);
    return block;
}

static void the_oldest_leaves_first(void **state)
{
    struct pinion_quarantine quarantine = { 0 };
    void *blocks[3];
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        blocks[i] = new_block(SIZE + i);
        assert_false(pinion__is_gone(blocks[i]));
        pinion__quarantine_put(&quarantine, blocks[i], SIZE + i);
        assert_true(pinion__is_gone(blocks[i]));
    }
    assert_null(pinion__quarantine_excess(&quarantine, &size));
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(pinion__quarantine_take(&quarantine, &size), blocks[i]);
        assert_int_equal(size, SIZE + i);
        free(blocks[i]);
    }
    assert_null(pinion__quarantine_take(&quarantine, &size));
    assert_int_equal(quarantine.count, 0);
    assert_int_equal(quarantine.bytes, 0);
}

static void fill(size_t block_size, size_t blocks, size_t expected)
{
    struct pinion_quarantine quarantine = { 0 };
    void *block;
    size_t size;
    for (size_t i = 0; i < blocks; i++) {
        pinion__quarantine_put(&quarantine, new_block(block_size), block_size);
        while ((block = pinion__quarantine_excess(&quarantine, &size)))
            free(block);
    }
    assert_int_equal(quarantine.count, expected);
    assert_int_equal(quarantine.bytes, expected * block_size);
    while ((block = pinion__quarantine_take(&quarantine, &size)))
        free(block);
}

static void there_is_a_bound_of_blocks_and_one_of_bytes(void **state)
{
    fill(SIZE, PINION_QUARANTINE_BLOCKS, PINION_QUARANTINE_BLOCKS);
    fill(SIZE, 3 * PINION_QUARANTINE_BLOCKS, PINION_QUARANTINE_BLOCKS);
    fill(PINION_QUARANTINE_BYTES / 8, 20, 8);
    fill(PINION_QUARANTINE_BYTES + 1, 3, 0);
}

/* Slabs hand out what was given back last. */
static void what_a_pool_buries_is_not_handed_out_at_once(void **state)
{
    static const size_t sizes[] = { SIZE, 700 };
    struct pinion_pool pool = { 0 };
    pinion__pool_init(&pool);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *buried = pinion__pool_take(&pool, sizes[i]);
        pinion__pool_bury(&pool, buried, sizes[i]);
        for (int n = 0; n < PINION_QUARANTINE_BLOCKS / 2 - 1; n++) {
            void *other = pinion__pool_take(&pool, sizes[i]);
            assert_non_null(other);
            assert_ptr_not_equal(other, buried);
            pinion__pool_bury(&pool, other, sizes[i]);
        }
        assert_true(pinion__is_gone(buried));
        PINION_CHECK(pinion__pool_check(&pool));
    }
    for (int n = 0; n < 2 * PINION_QUARANTINE_BLOCKS; n++)
        pinion__pool_bury(&pool, pinion__pool_take(&pool, SIZE), SIZE);
    assert_int_equal(pool.kept.count, PINION_QUARANTINE_BLOCKS);
    PINION_CHECK(pinion__pool_check(&pool));
    pinion__pool_release(&pool);
    assert_int_equal(pool.kept.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_leaves_first),
        cmocka_unit_test(there_is_a_bound_of_blocks_and_one_of_bytes),
        cmocka_unit_test(what_a_pool_buries_is_not_handed_out_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

/* Other builds have no quarantine: what a pool buries is what it hands out next. */
static void a_pool_hands_out_what_was_given_back(void **state)
{
    struct pinion_pool pool = { 0 };
    pinion__pool_init(&pool);
    void *object = pinion__pool_take(&pool, 64);
    pinion__pool_bury(&pool, object, 64);
    void *next = pinion__pool_take(&pool, 64);
    assert_ptr_equal(next, object);
    pinion__pool_bury(&pool, next, 64);
    pinion__pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_pool_hands_out_what_was_given_back) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
