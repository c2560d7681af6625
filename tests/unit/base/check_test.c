/* Each structure is broken on purpose, as a fault would break it: its checker tells. And each is sound before
 * and after, so that the checker does not tell of what is right. */
#include "base/check.h"
#include "base/multimap.h"
#include "base/sanitizer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/checks.h"
#include "helpers/death.h"

/* ---- lists ---- */

static void a_list(void **state)
{
    struct pinion_list list = PINION_LIST_HEAD(list), a = { 0 }, b = { 0 }, c = { 0 };
    size_t count;
    pinion__list_append(&list, &a);
    pinion__list_append(&list, &b);
    pinion__list_append(&list, &c);
    assert_sound(pinion__list_check(&list, &count));
    assert_int_equal(count, 3);

    b.next = &a; /* a ring without the head */
    assert_tells(pinion__list_check(&list, NULL), "a list's node");
    b.next = &c;
    c = (struct pinion_list)PINION_LIST_HEAD(c); /* initialised while it was linked */
    assert_tells(pinion__list_check(&list, NULL), "a list's head");
    list.prev = &b;
    assert_tells(pinion__list_check(&list, NULL), "a list's head");
}

/* ---- queues of tasks ---- */

static void do_nothing(struct pinion_task *task)
{
}

static void a_queue_of_tasks(void **state)
{
    struct pinion_task_queue queue = { 0 };
    struct pinion_task tasks[5] = { 0 };
    size_t count;
    assert_sound(pinion__task_queue_check(&queue, NULL));
    for (int i = 0; i < 5; i++) {
        tasks[i].run = do_nothing;
        pinion__task_queue_push(&queue, &tasks[i]);
        assert_sound(pinion__task_queue_check(&queue, &count));
        assert_int_equal(count, i + 1);
    }
    for (int to = 0; to < 5; to++) {
        tasks[4].next = &tasks[to];
        assert_tells(pinion__task_queue_check(&queue, NULL), "circular");
    }
    tasks[4].next = NULL;
    queue.tail = &tasks[3];
    assert_tells(pinion__task_queue_check(&queue, NULL), "tail");
    queue.tail = &tasks[4];
    tasks[2].queued = false;
    assert_tells(pinion__task_queue_check(&queue, NULL), "not marked as queued");
    tasks[2].queued = true;
    assert_sound(pinion__task_queue_check(&queue, NULL));
}

/* ---- maps ---- */

struct word {
    struct pinion_multimap_node node;
    char text[8];
};

static struct word words[6];

static struct pinion_slice word_of(const struct pinion_map_node *node)
{
    const struct pinion_multimap_node *in = PINION_CONTAINER_OF(node, struct pinion_multimap_node, first);
    return pinion__slice_str(PINION_CONTAINER_OF(in, struct word, node)->text);
}

static struct pinion_map map_of_words(bool several)
{
    struct pinion_map map;
    memset(words, 0, sizeof words);
    pinion__map_init(&map, word_of);
    for (unsigned i = 0; i < 6; i++) {
        words[i].text[0] = (char)('a' + (several ? i / 3 : i));
        uint64_t hash = pinion__hash(pinion__slice_str(words[i].text));
        assert_int_equal(several ? pinion__multimap_add(&map, &words[i].node, hash)
                                 : pinion__map_insert(&map, &words[i].node.first, hash),
                         0);
    }
    return map;
}

static void a_map(void **state)
{
    struct pinion_map map = map_of_words(false);
    struct pinion_map_node *some = &words[2].node.first;
    assert_sound(pinion__map_check(&map));

    map.count++;
    assert_tells(pinion__map_check(&map), "fewer nodes");
    map.count -= 2;
    assert_tells(pinion__map_check(&map), "more nodes");
    map.count++;
    some->hash ^= 1;
    assert_tells(pinion__map_check(&map), "bucket");
    some->hash ^= 1;
    words[2].text[0] = 'z'; /* its name is changed, or its memory is somebody else's */
    assert_tells(pinion__map_check(&map), "a name has changed");
    words[2].text[0] = 'c';
    struct pinion_map_node *next = some->next;
    some->next = some;
    assert_non_null(pinion__map_check(&map));
    some->next = next;
    map.bucket_count--;
    assert_tells(pinion__map_check(&map), "power of two");
    map.bucket_count++;
    assert_sound(pinion__map_check(&map));
    pinion__map_release(&map);
}

static void a_name_twice_in_a_map(void **state)
{
    struct pinion_map map;
    memset(words, 0, sizeof words);
    pinion__map_init(&map, word_of);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pinion__map_insert(&map, &words[i].node.first, pinion__hash(pinion__slice_str(""))),
                         0);
    assert_tells(pinion__map_check(&map), "the same name");
    pinion__map_release(&map);
}

static void a_multimap(void **state)
{
    struct pinion_map map = map_of_words(true);
    assert_sound(pinion__multimap_check(&map));
    words[1].node.first.hash++;
    assert_tells(pinion__multimap_check(&map), "ring of another name");
    words[1].node.first.hash--;
    words[1].node.first.next = NULL;
    assert_tells(pinion__multimap_check(&map), "marked as the first");
    words[1].node.first.next = &words[1].node.first;
    words[2].node.ring.prev = &words[0].node.ring;
    assert_tells(pinion__multimap_check(&map), "neighbours");
    words[2].node.ring.prev = &words[1].node.ring;
    assert_sound(pinion__multimap_check(&map));
    pinion__map_release(&map);
}

static void insert_a_node_twice(void)
{
    struct pinion_map map = map_of_words(false);
    (void)pinion__map_insert(&map, &words[0].node.first, words[0].node.first.hash);
}

/* ---- the wheel ---- */

static void nothing_is_due(struct pinion_timer *timer)
{
}

/* As if it had been initialised while it was on the wheel, by code that does not go through
 * pinion__timer_init. */
static void lose(struct pinion_timer *timer)
{
    timer->node = (struct pinion_list)PINION_LIST_HEAD(timer->node);
}

static void begin_wheel(struct pinion_wheel *wheel, struct pinion_timer *timers, size_t count)
{
    memset(wheel, 0, sizeof *wheel);
    memset(timers, 0, count * sizeof *timers);
    pinion__wheel_init(wheel, 0);
    for (size_t i = 0; i < count; i++) {
        pinion__timer_init(&timers[i], nothing_is_due);
        pinion__timer_set(wheel, &timers[i], 100);
    }
    assert_sound(pinion__wheel_check(wheel));
}

static void a_wheel(void **state)
{
    static struct pinion_wheel wheel;
    struct pinion_timer timers[2];

    begin_wheel(&wheel, timers, 2);
    lose(&timers[0]);
    assert_tells(pinion__wheel_check(&wheel), "neighbours");

    begin_wheel(&wheel, timers, 2);
    timers[0].due = 5000;
    assert_tells(pinion__wheel_check(&wheel), "the wrong slot");
    timers[0].due = 100;
    timers[1].fire = NULL;
    assert_tells(pinion__wheel_check(&wheel), "no function to call");

    begin_wheel(&wheel, timers, 2);
    wheel.occupied[1] = 0;
    assert_tells(pinion__wheel_check(&wheel), "marked as empty");
}

/* A timer is lost that lies far away; no time passes that would touch it. */
static void advance_with_a_lost_timer(void)
{
    static struct pinion_wheel wheel;
    static struct pinion_timer timer;
    begin_wheel(&wheel, &timer, 1);
    pinion__timer_set(&wheel, &timer, 1000000);
    lose(&timer);
    for (int i = 0; i < PINION_WHEEL_LEVELS * PINION_WHEEL_SLOTS; i++)
        pinion__wheel_advance(&wheel, 0);
}

/* So the checks are compiled in where they are meant to be. */
static void misuse_ends_the_program(void **state)
{
    assert_true(aborts(advance_with_a_lost_timer));
    assert_true(aborts(insert_a_node_twice));
}

/* ---- slabs and regions ---- */

#define OBJECT_SIZE 64

static void regions_and_slabs(void **state)
{
    struct pinion_pool *pool = calloc(1, sizeof *pool);
    assert_non_null(pool);
    pinion__pool_init(pool);
    assert_sound(pinion__pool_check(pool));
    struct pinion_slabs *slabs = &pool->sizes[OBJECT_SIZE / PINION_POOL_STEP - 1];
    void *objects[300];
    for (size_t i = 0; i < 300; i++) {
        objects[i] = pinion__pool_take(pool, OBJECT_SIZE);
        assert_non_null(objects[i]);
        assert_sound(pinion__pool_check(pool));
    }
    pinion__pool_give(pool, objects[0], OBJECT_SIZE);
    pinion__pool_give(pool, objects[1], OBJECT_SIZE);
    assert_sound(pinion__pool_check(pool));

    slabs->count++;
    assert_tells(pinion__pool_check(pool), "as many as its slabs");
    slabs->count -= 2;
    assert_tells(pinion__slabs_check(slabs), "more slabs");
    slabs->count++;
    slabs->spare = objects[2];
    assert_tells(pinion__slabs_check(slabs), "spare");
    slabs->spare = NULL;
    slabs->object_size += 16;
    assert_tells(pinion__pool_check(pool), "wrong object size");
    slabs->object_size -= 16;
    pool->regions.count = 0;
    assert_tells(pinion__regions_check(&pool->regions, NULL), "more regions");
    pool->regions.count = 1;

    assert_sound(pinion__pool_check(pool));
    for (size_t i = 2; i < 300; i++) {
        pinion__pool_give(pool, objects[i], OBJECT_SIZE);
        assert_sound(pinion__pool_check(pool));
    }
    pinion__pool_release(pool);
    free(pool);
}

/* AddressSanitizer stops where it is given back; elsewhere the checker tells. */
static void give_twice(void)
{
    struct pinion_regions regions = { 0 };
    struct pinion_slabs slabs = { 0 };
    pinion__regions_init(&regions);
    pinion__slabs_init(&slabs, OBJECT_SIZE, &regions);
    (void)pinion__slabs_take(&slabs);
    (void)pinion__slabs_take(&slabs);
    void *object = pinion__slabs_take(&slabs);
    pinion__slabs_give(&slabs, object);
#if !PINION_ADDRESS_SANITIZER
    pinion__slabs_give(&slabs, object);
#endif
    const char *wrong = pinion__slabs_check(&slabs);
    if (wrong)
        abort();
}

static void an_object_that_is_given_back_twice(void **state)
{
#if PINION_ADDRESS_SANITIZER
    assert_false(aborts(give_twice));
#else
    assert_true(aborts(give_twice));
#endif
}

/* AddressSanitizer stops whoever looks at it; elsewhere it does not look right. */
static void an_object_that_is_freed_while_it_is_linked(void **state)
{
    struct pinion_regions regions = { 0 };
    struct pinion_slabs slabs = { 0 };
    struct pinion_list list = PINION_LIST_HEAD(list);
    pinion__regions_init(&regions);
    pinion__slabs_init(&slabs, OBJECT_SIZE, &regions);
    struct pinion_timer *timer = pinion__slabs_take(&slabs);
    pinion__list_append(&list, &timer->node);
    pinion__slabs_give(&slabs, timer);
#if !PINION_ADDRESS_SANITIZER
    assert_tells(pinion__list_check(&list, NULL), "a list's head");
#endif
    pinion__slabs_release(&slabs);
    pinion__regions_release(&regions);
}

/* ---- the stock ---- */

static void a_stock(void **state)
{
    struct pinion_stock *stock = calloc(1, sizeof *stock);
    assert_non_null(stock);
    pinion__stock_init(stock);
    pinion__stock_use(stock);
    void *a = pinion__block_new(100), *b = pinion__block_new(100);
    pinion__block_free(a, 100);
    pinion__block_free(b, 100);
    assert_sound(pinion__stock_check(stock));
    size_t bytes = stock->bytes; /* AddressSanitizer's keeps none */

    stock->bytes += 16;
    assert_tells(pinion__stock_check(stock), "fewer blocks");
    stock->bytes = bytes;
    void *ring = &ring;
    void **first = stock->first[3];
    stock->first[3] = ring;
    assert_tells(pinion__stock_check(stock), "more blocks");
    stock->first[3] = first;
    assert_sound(pinion__stock_check(stock));
    pinion__stock_use(NULL);
    pinion__stock_release(stock);
    free(stock);
}

/* ---- what a loop runs ---- */

static void a_scheduler(void **state)
{
    struct pinion_scheduler *scheduler;
    struct pinion_task task = { .run = do_nothing }, posted = { .run = do_nothing };
    struct pinion_timer timer = { 0 };
    assert_int_equal(pinion__scheduler_new(&scheduler, 1000, NULL, NULL, NULL, NULL), 0);
    pinion__timer_init(&timer, nothing_is_due);
    pinion__scheduler_deadline(scheduler, &timer, 1000);
    pinion__scheduler_defer(scheduler, &task);
    assert_int_equal(pinion__scheduler_post(scheduler, &posted, 10), 0);
    assert_sound(pinion__scheduler_check(scheduler));

    scheduler->mailbox.bytes = 1001;
    assert_tells(pinion__scheduler_check(scheduler), "than its cap");
    scheduler->mailbox.bytes = 10;
    posted.next = &posted;
    assert_tells(pinion__scheduler_check(scheduler), "circular");
    posted.next = NULL;
    scheduler->ready.tail = &posted;
    assert_tells(pinion__scheduler_check(scheduler), "tail");
    scheduler->ready.tail = &task;
    timer.fire = NULL;
    assert_tells(pinion__scheduler_check(scheduler), "no function to call");
    timer.fire = nothing_is_due;

    assert_sound(pinion__scheduler_check(scheduler));
    pinion__timer_cancel(&timer);
    (void)pinion__scheduler_turn(scheduler);
    scheduler->mailbox.bytes = 1;
    assert_tells(pinion__scheduler_check(scheduler), "counts bytes");
    scheduler->mailbox.bytes = 0;
    pinion__scheduler_unref(scheduler);
}

static void no_go(struct pinion_turn *turn)
{
}

static void a_line_of_turns(void **state)
{
    struct pinion_scheduler *scheduler;
    struct pinion_turns turns = { 0 };
    struct pinion_turn turn = { 0 };
    assert_int_equal(pinion__scheduler_new(&scheduler, 1000, NULL, NULL, NULL, NULL), 0);
    pinion__turns_init(&turns, scheduler);
    pinion__turn_init(&turn, no_go);
    pinion__turns_append(&turns, &turn);
    assert_sound(pinion__turns_check(&turns));

    turns.going = true;
    assert_tells(pinion__turns_check(&turns), "without a task");
    turns.going = false;
    turn.run = NULL;
    assert_tells(pinion__turns_check(&turns), "no function to run");
    turn.run = no_go;
    pinion__timer_cancel(&turns.timer); /* a wake-up is lost */
    assert_tells(pinion__turns_check(&turns), "neither a task nor a timer");
    pinion__turn_remove(&turn);
    assert_sound(pinion__turns_check(&turns));
    pinion__scheduler_unref(scheduler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list),
        cmocka_unit_test(a_queue_of_tasks),
        cmocka_unit_test(a_map),
        cmocka_unit_test(a_name_twice_in_a_map),
        cmocka_unit_test(a_multimap),
        cmocka_unit_test(a_wheel),
        cmocka_unit_test(misuse_ends_the_program),
        cmocka_unit_test(regions_and_slabs),
        cmocka_unit_test(an_object_that_is_given_back_twice),
        cmocka_unit_test(an_object_that_is_freed_while_it_is_linked),
        cmocka_unit_test(a_stock),
        cmocka_unit_test(a_scheduler),
        cmocka_unit_test(a_line_of_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
