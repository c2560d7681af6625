/* Five replicas, random operations, a network that loses, doubles and delays: whatever happens, nobody ever
 * tells a thing wrong, and when messages flow again all list the same (helpers/presence_nodes.h).
 *
 * A run that fails is made shorter until every operation in it is needed, and printed. PINION_SEED=n runs
 * only that one.
 */
#include "helpers/presence_cluster.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 30, STEPS = 4000 };

static enum kind pick_kind(struct random_source *source)
{
    unsigned total = 0;
    for (unsigned kind = 0; kind < KINDS; kind++)
        total += weights[kind];
    unsigned left = (unsigned)random_below(source, total);
    unsigned kind = 0;
    while (left >= weights[kind])
        left -= weights[kind++];
    return (enum kind)kind;
}

static void make_operations(struct random_source *source, struct operation *ops)
{
    for (size_t i = 0; i < STEPS; i++) {
        ops[i].kind = pick_kind(source);
        ops[i].node = (unsigned)random_below(source, NODES);
        ops[i].a = (uint32_t)random_next(source);
        ops[i].b = (uint32_t)random_next(source);
        ops[i].c = (uint32_t)random_next(source);
    }
}

/* Leave out one stretch after the other, ever shorter ones, as long as the rest still fails. Returns how many
 * operations are left. */
static size_t make_shorter(struct operation *ops, size_t count, const struct settings *with)
{
    static struct operation rest[STEPS];
    for (size_t stretch = count / 2; stretch > 0; stretch /= 2) {
        for (size_t at = 0; at + stretch <= count;) {
            memcpy(rest, ops, at * sizeof *ops);
            memcpy(rest + at, ops + at + stretch, (count - at - stretch) * sizeof *ops);
            run(rest, count - stretch, with);
            if (failure) {
                count -= stretch;
                memcpy(ops, rest, count * sizeof *ops);
            } else {
                at += stretch;
            }
        }
    }
    return count;
}

static void print_failure(uint64_t seed, struct operation *ops, size_t step, const struct settings *with)
{
    print_error("seed %d, step %d of %d: %s\n", (int)seed, (int)step, STEPS, failure);
    size_t count = make_shorter(ops, step, with);
    run(ops, count, with);
    print_error("history_max %d, message_max %d; %s after:\n", (int)with->history_max, (int)with->message_max,
                failure);
    for (size_t i = 0; i < count; i++)
        print_error("  %s, node %u (%u, %u, %u)\n", kind_names[ops[i].kind], ops[i].node, ops[i].a, ops[i].b,
                    ops[i].c);
}

static void run_seed(uint64_t seed)
{
    static const struct settings all[] = {
        { 0, 0 }, { 8, 0 }, { 1, 120 }, { 0, 100 }, { 30, 200 }, { 2, 300 }
    };
    static struct operation ops[STEPS];
    const struct settings *with = &all[seed % (sizeof all / sizeof *all)];
    struct random_source source = { seed * UINT64_C(0x9E3779B97F4A7C15) };
    make_operations(&source, ops);
    size_t done = run(ops, STEPS, with);
    if (failure) {
        print_failure(seed, ops, done, with);
        fail();
    }
}

static void whatever_happens_all_agree_in_the_end(void **state)
{
    const char *only = getenv("PINION_SEED");
    if (only) {
        run_seed(strtoull(only, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_all_agree_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
