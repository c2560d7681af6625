#include "sweep/sweep.h"
#include "helpers/random.h"
#include "helpers/shortage.h"
#include <pinion/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PART 50 /* one of so many */
#define SOME 3  /* at least */

static struct {
    bool all;
    uint64_t seed;
    struct random_source dice;
} choice;

static void read_choice(void)
{
    const char *which = getenv("PINION_SWEEP"), *seed = getenv("PINION_SEED");
    if (choice.seed)
        return;
    choice.all = which && strcmp(which, "all") == 0;
    choice.seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) % 1000000 + 1;
    choice.dice.state = choice.seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

static void must_work(const char *name, const char *when, int rc)
{
    if (rc)
        fail_msg("%s, %s: %s (%s)", name, when, pinion_errname(rc), pinion_error_detail());
}

/* False: there are not so many allocations. */
static bool play(const char *name, sweep_fn *scenario, void *data, size_t n)
{
    char when[64];
    snprintf(when, sizeof when, "with allocation %zu to fail, which never came", n);
    shortage_begin(n, 1);
    int rc = scenario(data);
    if (shortage_end() > 0)
        return true;
    must_work(name, when, rc);
    return false;
}

static size_t count(const char *name, sweep_fn *scenario, void *data)
{
    shortage_begin(SIZE_MAX / 2, 0);
    must_work(name, "before", scenario(data));
    (void)shortage_end();
    return shortage_asked();
}

static size_t play_all(const char *name, sweep_fn *scenario, void *data)
{
    size_t n = 0;
    while (play(name, scenario, data, n))
        n++;
    return n;
}

static size_t play_some(const char *name, sweep_fn *scenario, void *data, size_t all)
{
    size_t some = all / PART > SOME ? all / PART : SOME;
    for (size_t i = 0; i < some; i++)
        (void)play(name, scenario, data, (size_t)random_below(&choice.dice, all));
    return some;
}

void sweep(const char *name, sweep_fn *scenario, void *data)
{
    read_choice();
    must_work(name, "at first", scenario(data)); /* what is made once and kept is there from now on */
    size_t all = count(name, scenario, data);
    print_message("%s: %zu allocations, PINION_SEED=%llu\n", name, all, (unsigned long long)choice.seed);
    size_t played = choice.all ? play_all(name, scenario, data) : play_some(name, scenario, data, all);
    print_message("%s: %zu of them failed\n", name, played);
    must_work(name, "afterwards", scenario(data));
}
