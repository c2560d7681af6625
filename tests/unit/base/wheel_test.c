/* The wheel against a naive model, a list of due times: random operations, from outside and from callbacks,
 * with times near every carry of the digits. */
#include "base/check.h"
#include "base/wheel.h"
#include "helpers/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/death.h"

enum { TIMERS = 200 };
enum phase { IDLE, WAITING, DUE };

static const uint64_t farthest = UINT64_C(1) << 36;

struct tracked {
    struct pinion_timer timer;
    enum phase phase;
    uint64_t due;
    int fired;
};

static struct pinion_wheel wheel;
static struct tracked timers[TIMERS];
static struct random_source source;
static uint64_t now;
static uint64_t last_fired_due;
static bool acts_in_callbacks;

static void set(struct tracked *tracked, uint64_t due)
{
    pinion__timer_set(&wheel, &tracked->timer, due);
    tracked->due = due < now ? now : due - now > farthest ? now + farthest : due;
    tracked->phase = WAITING;
    assert_true(tracked->timer.due == tracked->due);
}

static void cancel(struct tracked *tracked)
{
    pinion__timer_cancel(&tracked->timer);
    tracked->phase = IDLE;
}

static uint64_t random_due(void)
{
    static const uint64_t spans[] = { 1, 3, 70, 5000, 300000, UINT64_C(1) << 31, UINT64_C(1) << 36 };
    uint64_t span = spans[random_below(&source, sizeof(spans) / sizeof(spans[0]))];

    switch (random_below(&source, 12)) {
    case 0:
        return now - random_below(&source, now < 1000 ? now + 1 : 1000); /* passed */
    case 1:
        return random_below(&source, 2) ? UINT64_MAX : now + farthest + random_below(&source, 3) - 1;
    case 2:
        return (now | 63) + random_below(&source, 3); /* at the next carry */
    default:
        return now + random_below(&source, span);
    }
}

static void act(void)
{
    struct tracked *tracked = &timers[random_below(&source, TIMERS)];

    if (random_below(&source, 4))
        set(tracked, random_due());
    else
        cancel(tracked);
}

static void on_fire(struct pinion_timer *timer)
{
    struct tracked *tracked = PINION_CONTAINER_OF(timer, struct tracked, timer);

    assert_int_equal(tracked->phase, DUE);
    assert_false(pinion__timer_active(timer));
    assert_true(tracked->due >= last_fired_due);
    last_fired_due = tracked->due;
    tracked->phase = IDLE;
    tracked->fired++;
    if (!acts_in_callbacks)
        return;
    if (random_below(&source, 2))
        set(tracked, random_due());
    if (random_below(&source, 2))
        act();
}

static void start(uint64_t now_ms)
{
    source = (struct random_source){ now_ms + 1 };
    now = now_ms;
    memset(&wheel, 0, sizeof wheel);
    pinion__wheel_init(&wheel, now);
    memset(timers, 0, sizeof(timers));
    for (int i = 0; i < TIMERS; i++)
        pinion__timer_init(&timers[i].timer, on_fire);
}

static void advance(uint64_t now_ms)
{
    now = now_ms;
    for (int i = 0; i < TIMERS; i++) {
        if (timers[i].phase == WAITING && timers[i].due <= now)
            timers[i].phase = DUE;
    }
    last_fired_due = 0;
    pinion__wheel_advance(&wheel, now);
    for (int i = 0; i < TIMERS; i++)
        assert_int_not_equal(timers[i].phase, DUE);
}

static void check(void)
{
    uint64_t earliest = UINT64_MAX;
    PINION_CHECK(pinion__wheel_check(&wheel));

    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(pinion__timer_active(&timers[i].timer), timers[i].phase == WAITING);
        if (timers[i].phase == WAITING && timers[i].due < earliest)
            earliest = timers[i].due;
    }
    uint64_t next = pinion__wheel_next(&wheel);
    assert_true(next <= earliest && next >= now);
    assert_int_equal(next == UINT64_MAX, earliest == UINT64_MAX);
}

static uint64_t random_step(void)
{
    switch (random_below(&source, 10)) {
    case 0:
        return 0;
    case 1:
        return random_below(&source, UINT64_C(1) << 24);
    case 2:
        return random_below(&source, 20) ? random_below(&source, 100000)
                                         : random_below(&source, 2 * farthest);
    case 3:
        return pinion__wheel_next(&wheel) == UINT64_MAX ? 1 : pinion__wheel_next(&wheel) - now;
    default:
        return random_below(&source, 200);
    }
}

static void run_against_model(uint64_t now_ms)
{
    start(now_ms);
    for (int step = 0; step < 4000; step++) {
        for (uint64_t i = random_below(&source, 8); i > 0; i--)
            act();
        check();
        advance(now + random_step());
        check();
    }
    acts_in_callbacks = false;
    advance(now + farthest);
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(timers[i].phase, IDLE);
    assert_true(pinion__wheel_next(&wheel) == UINT64_MAX);
}

/* Zero; in front of the carry of each digit; and where no digit of the wheel sees it. */
static const uint64_t beginnings[] = {
    0,
    63,
    4095,
    262143,
    16777215,
    1073741823,
    (UINT64_C(1) << 36) - 100,
    (UINT64_C(1) << 36) - (UINT64_C(1) << 30),
    (UINT64_C(77) << 36) - 1,
    UINT64_C(123456789012345),
};

static void agrees_with_the_model(void **state)
{
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        acts_in_callbacks = false;
        run_against_model(beginnings[i]);
    }
}

static void agrees_with_the_model_when_callbacks_act(void **state)
{
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        acts_in_callbacks = true;
        run_against_model(beginnings[i]);
    }
}

/* Following wheel_next alone, every timer fires in its very millisecond, after few steps. */
static void following_next_is_punctual(void **state)
{
    static const uint64_t delays[] = { 0, 1, 63, 64, 65, 4095, 4096, 100000, 1 << 24, UINT64_C(1) << 36 };

    acts_in_callbacks = false;
    for (size_t b = 0; b < sizeof(beginnings) / sizeof(beginnings[0]); b++) {
        for (size_t d = 0; d < sizeof(delays) / sizeof(delays[0]); d++) {
            start(beginnings[b]);
            set(&timers[0], now + delays[d]);
            int steps = 0;
            while (timers[0].phase != IDLE) {
                assert_true(++steps <= PINION_WHEEL_LEVELS + 1);
                advance(pinion__wheel_next(&wheel));
            }
            assert_true(now == timers[0].due);
        }
    }
}

static void time_never_runs_backwards(void **state)
{
    acts_in_callbacks = false;
    start(1000);
    set(&timers[0], 1500);
    set(&timers[1], 900); /* passed: counts as now */
    advance(1000);
    assert_int_equal(timers[1].fired, 1);
    pinion__wheel_advance(&wheel, 10);
    assert_int_equal(wheel.now, 1000);
    assert_true(pinion__timer_active(&timers[0].timer));
    advance(1500);
    assert_int_equal(timers[0].fired, 1);
}

static void set_to_the_past(struct pinion_timer *timer)
{
    struct tracked *tracked = PINION_CONTAINER_OF(timer, struct tracked, timer);

    tracked->fired++;
    pinion__timer_set(&wheel, timer, 0);
}

static void a_timer_that_sets_itself_to_the_past_fires_once_per_advance(void **state)
{
    start(500);
    pinion__timer_init(&timers[0].timer, set_to_the_past);
    pinion__timer_set(&wheel, &timers[0].timer, 510);
    pinion__wheel_advance(&wheel, 509);
    assert_int_equal(timers[0].fired, 0);
    for (int i = 1; i <= 3; i++) {
        pinion__wheel_advance(&wheel, 5000);
        assert_int_equal(timers[0].fired, i);
        assert_int_equal(pinion__wheel_next(&wheel), 5000);
    }
    pinion__timer_cancel(&timers[0].timer);
}

static void cancelling_twice_or_before_setting_is_harmless(void **state)
{
    start(0);
    cancel(&timers[0]);
    set(&timers[0], 100);
    cancel(&timers[0]);
    cancel(&timers[0]);
    assert_true(pinion__wheel_next(&wheel) == UINT64_MAX);
    advance(1000);
    assert_int_equal(timers[0].fired, 0);
}

/* ---- what must not be done to timers ---- */

static void init_while_it_is_set(void)
{
    set(&timers[0], 100);
    set(&timers[1], 100);
    pinion__timer_init(&timers[0].timer, on_fire);
}

/* As if it had been initialised while it was on the wheel, by code that does not go through
 * pinion__timer_init. */
static void lose(struct tracked *tracked)
{
    tracked->timer.node = (struct pinion_list)PINION_LIST_HEAD(tracked->timer.node);
}

static void set_what_has_lost_its_neighbours(void)
{
    set(&timers[0], 100);
    lose(&timers[0]);
    set(&timers[1], 100);
}

static void set_a_new_timer(void)
{
    struct pinion_timer timer = { 0 };
    pinion__timer_set(&wheel, &timer, 100);
}

static void misuse_ends_the_program(void **state)
{
    if (!ASSERTIONS_ARE_ON)
        skip();
    start(0);
    assert_true(aborts(init_while_it_is_set));
    assert_true(aborts(set_what_has_lost_its_neighbours));
    assert_true(aborts(set_a_new_timer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelling_twice_or_before_setting_is_harmless),
        cmocka_unit_test(time_never_runs_backwards),
        cmocka_unit_test(a_timer_that_sets_itself_to_the_past_fires_once_per_advance),
        cmocka_unit_test(following_next_is_punctual),
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(agrees_with_the_model_when_callbacks_act),
        cmocka_unit_test(misuse_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
