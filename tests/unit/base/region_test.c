/* Regions against what was taken: blocks do not overlap, and go back to the system. */
#include "base/region.h"
#include "base/sanitizer.h"
#include "helpers/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 200 /* more than three regions */

static struct {
    char *block;
    struct pinion_region *region;
} taken[BLOCKS];

static void take(struct pinion_regions *regions, size_t at)
{
    taken[at].block = pinion__regions_take(regions, &taken[at].region);
    assert_non_null(taken[at].block);
    assert_int_equal((uintptr_t)taken[at].block % PINION_BLOCK_SIZE, 0);
    memset(taken[at].block, (uint8_t)at, PINION_BLOCK_SIZE);
}

static void give(struct pinion_regions *regions, size_t at)
{
    for (size_t i = 0; i < PINION_BLOCK_SIZE; i += 512)
        assert_int_equal((uint8_t)taken[at].block[i], (uint8_t)at);
    assert_int_equal((uint8_t)taken[at].block[PINION_BLOCK_SIZE - 1], (uint8_t)at);
    pinion__regions_give(regions, taken[at].region, taken[at].block);
    taken[at].block = NULL;
}

static void blocks_do_not_overlap(void **state)
{
    struct random_source source = { 11 };
    struct pinion_regions regions = { 0 };
    pinion__regions_init(&regions);
    for (int i = 0; i < 20 * BLOCKS; i++) {
        size_t at = random_below(&source, BLOCKS);
        if (taken[at].block)
            give(&regions, at);
        else
            take(&regions, at);
    }
    for (size_t at = 0; at < BLOCKS; at++)
        if (taken[at].block)
            give(&regions, at);
    assert_int_equal(regions.count, 1);
    pinion__regions_release(&regions);
}

static void a_region_is_for_64_blocks_and_one_stays(void **state)
{
    struct pinion_regions regions = { 0 };
    pinion__regions_init(&regions);
    assert_int_equal(regions.count, 0);
    for (size_t at = 0; at < 65; at++) {
        take(&regions, at);
        assert_int_equal(regions.count, at < 64 ? 1 : 2);
    }
    give(&regions, 64);
    assert_int_equal(regions.count, 1);
    for (size_t at = 0; at < 64; at++)
        give(&regions, at);
    assert_int_equal(regions.count, 1);
    pinion__regions_release(&regions);
    assert_int_equal(regions.count, 0);
}

#if !PINION_ADDRESS_SANITIZER /* under which blocks come from the heap */

/* Without what is mapped from files, of which more comes in whenever other code runs. */
static size_t resident(void)
{
    char line[256];
    size_t kb = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    assert_non_null(file);
    while (kb == 0 && fgets(line, sizeof line, file))
        (void)sscanf(line, "Anonymous: %zu", &kb);
    fclose(file);
    return kb * 1024;
}

/* The last block stays: from a heap nothing would go back then. */
static void memory_goes_back_whatever_stays_behind_it(void **state)
{
    struct pinion_regions regions = { 0 };
    pinion__regions_init(&regions);
    for (size_t at = 0; at < BLOCKS; at++)
        take(&regions, at);
    size_t full = resident();
    for (size_t at = 0; at < BLOCKS - 1; at++)
        give(&regions, at);
    assert_true(full - resident() > (BLOCKS - 10) * PINION_BLOCK_SIZE);
    give(&regions, BLOCKS - 1);
    pinion__regions_release(&regions);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(a_region_is_for_64_blocks_and_one_stays),
#if !PINION_ADDRESS_SANITIZER
        cmocka_unit_test(memory_goes_back_whatever_stays_behind_it),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
