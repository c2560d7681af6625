/* Blocks of all sizes, kept and not kept. */
#include "base/sanitizer.h"
#include "base/stock.h"
#include "helpers/heap.h"
#include "helpers/random.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_stock stock;

static int begin(void **state)
{
    pinion__stock_init(&stock);
    pinion__stock_use(&stock);
    return 0;
}

static int finish(void **state)
{
    pinion__stock_use(NULL);
    pinion__stock_release(&stock);
    assert_int_equal(stock.bytes, 0);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void blocks_do_not_meet(void **state)
{
    static struct {
        uint8_t *bytes;
        size_t size;
    } blocks[500];
    struct random_source random = { 5 };
    for (unsigned i = 0; i < 20000; i++) {
        size_t at = random_below(&random, 500);
        for (size_t k = 0; k < blocks[at].size; k++)
            assert_int_equal(blocks[at].bytes[k], (uint8_t)at);
        pinion__block_free(blocks[at].bytes, blocks[at].size);
        blocks[at].size = 1 + random_below(&random, PINION_STOCK_BLOCK + 200);
        blocks[at].bytes = pinion__block_new(blocks[at].size);
        assert_non_null(blocks[at].bytes);
        memset(blocks[at].bytes, (int)at, blocks[at].size);
        assert_in_range(stock.bytes, 0, PINION_STOCK_MAX);
    }
    for (size_t at = 0; at < 500; at++)
        pinion__block_free(blocks[at].bytes, blocks[at].size);
}

static void nothing_may_be_freed(void **state)
{
    pinion__block_free(NULL, 100);
    pinion__block_free(NULL, 0);
    assert_int_equal(stock.bytes, 0);
}

/* Under AddressSanitizer nothing is kept, so that it sees what becomes of each block. */
#if !PINION_ADDRESS_SANITIZER

static void what_was_freed_is_taken_next(void **state)
{
    size_t least = pinion__stock_bytes(0) + 1, most = pinion__stock_bytes(1); /* of one class */
    void *block = pinion__block_new(least);
    pinion__block_free(block, least);
    size_t calls = heap.calls;
    assert_ptr_equal(pinion__block_new(most), block);
    pinion__block_free(block, most);
    assert_int_equal(heap.calls, calls);
}

static void no_more_is_kept_than_the_limit(void **state)
{
    enum { COUNT = PINION_STOCK_MAX / 1024 + 10 };
    static void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = pinion__block_new(1032);
    for (int i = 0; i < COUNT; i++)
        pinion__block_free(blocks[i], 1032);
    assert_in_range(stock.bytes, PINION_STOCK_MAX - 1032, PINION_STOCK_MAX);
    assert_int_equal(heap.blocks, PINION_STOCK_MAX / 1032);
}

static void *free_one(void *block)
{
    pinion__block_free(block, 200); /* no stock here */
    return NULL;
}

static void another_thread_may_free_it(void **state)
{
    pthread_t thread;
    void *block = pinion__block_new(200);
    size_t blocks = heap.blocks;
    assert_int_equal(pthread_create(&thread, NULL, free_one, block), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(heap.blocks, blocks - 1);
    assert_int_equal(stock.bytes, 0);
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_do_not_meet),
        TEST(nothing_may_be_freed),
#if !PINION_ADDRESS_SANITIZER
        TEST(what_was_freed_is_taken_next),
        TEST(no_more_is_kept_than_the_limit),
        TEST(another_thread_may_free_it),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
