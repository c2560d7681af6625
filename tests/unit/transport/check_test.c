/* Ranks, queues, seats and sessions of long polling are broken on purpose: their checkers tell. */
#include "transport/check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/checks.h"

/* ---- ranks ---- */

struct thing {
    struct pinion_rank_node node;
    unsigned weight;
};

static bool heavier(const struct pinion_rank_node *a, const struct pinion_rank_node *b)
{
    return ((const struct thing *)a)->weight > ((const struct thing *)b)->weight;
}

static void a_rank(void **state)
{
    struct thing things[5] = { 0 };
    struct pinion_rank rank;
    pinion__rank_init(&rank, heavier);
    assert_int_equal(pinion__rank_reserve(&rank, 5), 0);
    for (unsigned i = 0; i < 5; i++) {
        things[i].weight = i + 1;
        pinion__rank_place(&rank, &things[i].node);
        assert_sound(pinion__rank_check(&rank));
    }
    things[0].weight = 9; /* and nobody has placed it again */
    assert_tells(pinion__rank_check(&rank), "before the one above");
    things[0].weight = 1;
    things[0].node.place++;
    assert_tells(pinion__rank_check(&rank), "its place");
    things[0].node.place--;
    rank.count = rank.cap + 1;
    assert_tells(pinion__rank_check(&rank), "room");
    rank.count = 5;
    assert_sound(pinion__rank_check(&rank));
    pinion__rank_release(&rank);
}

/* ---- what waits for a poll ---- */

static void a_queue(void **state)
{
    struct pinion_longpoll_queue queue = { 0 };
    struct pinion_frame *frame = pinion__longpoll_quote(pinion__frame_copy("[]", 2));
    assert_non_null(frame);
    assert_sound(pinion__longpoll_queue_check(&queue));
    assert_int_equal(pinion__longpoll_queue_put(&queue, frame), 0);
    assert_sound(pinion__longpoll_queue_check(&queue));
    queue.memory--;
    assert_tells(pinion__longpoll_queue_check(&queue), "size");
    queue.memory++;
    frame->refs = 0;
    assert_tells(pinion__longpoll_queue_check(&queue), "nobody holds");
    frame->refs = 2;
    size_t count = queue.count;
    queue.count = queue.cap + 1;
    assert_tells(pinion__longpoll_queue_check(&queue), "room");
    queue.count = count;
    assert_sound(pinion__longpoll_queue_check(&queue));
    pinion__longpoll_queue_clear(&queue);
    pinion__frame_unref(frame);
}

/* ---- seats ---- */

static void seats_of_two_clients(void **state)
{
    static struct pinion_longpoll_seats seats;
    static struct pinion_longpoll_seat seat[4];
    struct pinion_longpoll_evicted evicted;
    memset(seat, 0, sizeof seat);
    pinion__longpoll_seats_init(&seats, 10);
    assert_sound(pinion__longpoll_seats_check(&seats));
    for (unsigned i = 0; i < 4; i++) {
        const struct pinion_longpoll_client client = { .known = i > 0, .address = { 1, (uint8_t)(i / 2) } };
        pinion__list_init(&seat[i].node);
        assert_int_equal(pinion__longpoll_seats_take(&seats, &seat[i], &client, 1000, &evicted), 0);
        assert_sound(pinion__longpoll_seats_check(&seats));
    }
    pinion__longpoll_seats_polled(&seats, &seat[2]);
    assert_sound(pinion__longpoll_seats_check(&seats));

    seats.taken++;
    assert_tells(pinion__longpoll_seats_check(&seats), "as many seats are taken");
    seats.taken--;
    seats.max = 3;
    assert_tells(pinion__longpoll_seats_check(&seats), "than there are");
    seats.max = 10;
    seat[2].polled = false;
    assert_tells(pinion__longpoll_seats_check(&seats), "other list");
    seat[2].polled = true;
    seat[3].group = seat[1].group;
    assert_tells(pinion__longpoll_seats_check(&seats), "another address");
    seat[3].group = seat[2].group;
    seat[3].group->count++;
    assert_tells(pinion__longpoll_seats_check(&seats), "were counted");
    seat[3].group->count--;
    pinion__rank_remove(&seats.by_unpolled, &seat[3].group->by_unpolled);
    assert_tells(pinion__longpoll_seats_check(&seats), "ranked");
    pinion__rank_place(&seats.by_unpolled, &seat[3].group->by_unpolled);

    for (unsigned i = 0; i < 4; i++) {
        assert_sound(pinion__longpoll_seats_check(&seats));
        pinion__longpoll_seats_give(&seats, &seat[i]);
    }
    assert_sound(pinion__longpoll_seats_check(&seats));
    pinion__longpoll_seats_release(&seats);
}

/* ---- a session ---- */

static void a_session(void **state)
{
    struct pinion_longpoll_session session = { .bodies.bytes = 1 };
    pinion__list_init(&session.polls);
    pinion__list_init(&session.bodies.list);
    assert_tells(pinion__longpoll_session_check(&session), "bodies");
    session.bodies.bytes = 0;
    assert_sound(pinion__longpoll_session_check(&session));
    session.working = true;
    assert_tells(pinion__longpoll_session_check(&session), "no task");
    session.working = false;
    struct pinion_longpoll_exchange exchange = { .waits_for = NULL };
    pinion__list_append(&session.polls, &exchange.node);
    assert_tells(pinion__longpoll_session_check(&session), "does not know");
    exchange.waits_for = &session;
    assert_sound(pinion__longpoll_session_check(&session));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank),
        cmocka_unit_test(a_queue),
        cmocka_unit_test(seats_of_two_clients),
        cmocka_unit_test(a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
