/* The contract of sending, for broadcasts: several in one turn, to many connections. Whatever else some of
 * them are sent, miss or do in between, each gets its own bytes in its own order. */
#include "loop_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define KIB          ((size_t)1 << 10)
#define SMALL_BUFFER (128 * 1024) /* a socket's, so that it is soon full */

static struct pinion_frame *make_broadcast(struct fixture *f, const void *bytes, size_t len)
{
    struct pinion_frame *frame = make_frame(f, bytes, len);
    frame->droppable = true;
    return frame;
}

static void send_to(struct served *s, struct pinion_frame *frame)
{
    LOOP_CHECK(s->fixture, pinion__conn_queue(s->conn, pinion__frame_ref(frame)) == 0);
}

/* ---- something of their own ---- */

#define KINDS 6
#define CROWD (KINDS * 5)
#define SAME  6

static const char *const texts[SAME] = { "a", "bc", "def", "ghij", "klmno", "pq" };

/* What a connection of each kind gets. The last one closes in the middle. */
static const char *const expected[KINDS] = { "abcdefghijklmnopq",  "<abcdefghijklmnopq", "bcdefghijklmnopq",
                                             "abcdef>ghijklmnopq", "abcdefklmnopq",      "" };

static void queue_for(struct served *s, int kind, int number, struct pinion_frame *frame)
{
    if (kind == 1 && number == 0)
        LOOP_CHECK(s->fixture, queue_bytes(s, "<", 1) == 0);
    if (kind == 3 && number == 3)
        LOOP_CHECK(s->fixture, queue_bytes(s, ">", 1) == 0);
    if (kind == 5 && number == 3)
        close_served(s);
    bool missed = (kind == 2 && number == 0) || (kind == 4 && number == 3);
    if (kind == 5 && number >= 3)
        LOOP_CHECK(s->fixture, pinion__conn_queue(s->conn, pinion__frame_ref(frame)) == PINION_ECLOSED);
    else if (!missed)
        send_to(s, frame);
}

static void broadcast_in_one_turn(struct fixture *f)
{
    if (f->accepted < CROWD || f->frame_count > 0)
        return;
    for (int k = 0; k < SAME; k++) {
        struct pinion_frame *frame = make_broadcast(f, texts[k], strlen(texts[k]));
        int i = 0;
        for (struct served *s = f->served; s; s = s->next, i++)
            queue_for(s, i % KINDS, k, frame);
        pinion__frame_unref(frame);
    }
}

static void expect_each_kind(struct fixture *f)
{
    int fds[CROWD], counts[KINDS] = { 0 };
    char got[32];

    for (int i = 0; i < CROWD; i++)
        fds[i] = dial(f);
    for (int i = 0; i < CROWD; i++) {
        ssize_t len = recv(fds[i], got, sizeof got - 1, 0); /* it came in one send */
        CLIENT_CHECK(f, len >= 0);
        got[len] = 0;
        for (int k = 0; k < KINDS; k++)
            counts[k] += strcmp(got, expected[k]) == 0;
    }
    for (int k = 0; k < KINDS; k++)
        CLIENT_CHECK(f, counts[k] == CROWD / KINDS);
}

static void each_gets_its_own_in_order(void **state)
{
    static const struct script script = { .turn = broadcast_in_one_turn, .client = expect_each_kind };

    fixture_free(play(&script));
}

/* ---- the end, in the middle ---- */

static void end_in_the_middle(struct served *s, int kind)
{
    if (kind == 0)
        pinion__conn_shutdown(s->conn);
    else if (kind == 1)
        pinion__conn_drop_queue(s->conn);
    else if (kind == 2)
        LOOP_CHECK(s->fixture, pinion__conn_flush(s->conn) == 0);
    else if (kind == 3)
        LOOP_CHECK(s->fixture, pinion__conn_drop_oldest(s->conn, 2 * PINION_FRAME_QUEUED + 7) == 1);
}

static void broadcast_and_end(struct fixture *f)
{
    if (f->accepted < CROWD || f->frame_count > 0)
        return;
    for (int k = 0; k < SAME; k++) {
        struct pinion_frame *frame = make_broadcast(f, texts[k], strlen(texts[k]));
        int i = 0;
        for (struct served *s = f->served; s; s = s->next, i++) {
            if (k == 3)
                end_in_the_middle(s, i % KINDS);
            if (i % KINDS == 0 && k >= 3)
                LOOP_CHECK(f, pinion__conn_queue(s->conn, pinion__frame_ref(frame)) == PINION_ECLOSED);
            else
                send_to(s, frame);
        }
        pinion__frame_unref(frame);
    }
    for (struct served *s = f->served; s; s = s->next)
        pinion__conn_shutdown(s->conn);
}

static void expect_until_the_end(struct fixture *f)
{
    static const char *const whole[4] = { "abcdef", "ghijklmnopq", "abcdefghijklmnopq", "bcdefghijklmnopq" };
    int fds[CROWD], counts[4] = { 0 };
    char got[32];

    for (int i = 0; i < CROWD; i++)
        fds[i] = dial(f);
    for (int i = 0; i < CROWD; i++) {
        ssize_t len = recv(fds[i], got, sizeof got - 1, MSG_WAITALL);
        CLIENT_CHECK(f, len > 0);
        got[len] = 0;
        for (int k = 0; k < 4; k++)
            counts[k] += strcmp(got, whole[k]) == 0;
    }
    CLIENT_CHECK(f, counts[0] == 5 && counts[1] == 5 && counts[2] == 15 && counts[3] == 5);
}

static void some_end_or_drop_in_the_middle(void **state)
{
    static const struct script script = { .turn = broadcast_and_end, .client = expect_until_the_end };

    fixture_free(play(&script));
}

/* ---- slow readers ---- */

#define READERS 8
#define LARGE   (20 * KIB)
#define COUNT   150 /* more than a run has, and much more than the kernel takes */

static void broadcast_much(struct fixture *f)
{
    static uint8_t bytes[LARGE];

    if (f->accepted < READERS || f->frame_count > 0)
        return;
    for (unsigned k = 0; k < COUNT; k++) {
        size_t len = LARGE - 100 * k;
        pattern_fill(bytes, len, 0, k);
        struct pinion_frame *frame = make_broadcast(f, bytes, len);
        for (struct served *s = f->served; s; s = s->next)
            send_to(s, frame);
        pinion__frame_unref(frame);
    }
}

static void read_all_slowly(struct fixture *f)
{
    int fds[READERS];

    for (int i = 0; i < READERS; i++)
        fds[i] = dial(f);
    for (unsigned k = 0; k < COUNT; k++) {
        for (int i = 0; i < READERS; i++)
            client_expect_pattern(f, fds[i], LARGE - 100 * k, k);
    }
}

static void slow_readers_get_every_broadcast(void **state)
{
    static const struct script script = {
        .turn = broadcast_much,
        .client = read_all_slowly,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    for (struct served *s = f->served; s; s = s->next)
        assert_int_equal(s->drains, 1);
    fixture_free(f);
}

#define TOTAL (COUNT * LARGE - 100 * (size_t)COUNT * (COUNT - 1) / 2)

/* True when all have a backlog. *least is what each has sent, at least. */
static bool all_wait(const struct fixture *f, size_t *least)
{
    *least = TOTAL;
    for (const struct served *s = f->served; s; s = s->next) {
        size_t queued = pinion__conn_queued(s->conn);
        if (queued == 0 || queued == TOTAL)
            return false;
        if (TOTAL - queued < *least)
            *least = TOTAL - queued;
    }
    return true;
}

/* A connection that waits keeps the frames that it waits for, and none that have gone. */
static void see_what_is_kept(struct fixture *f)
{
    size_t least, end = 0;

    broadcast_much(f);
    if (f->frame_count == 0 || f->served->closed_after)
        return;
    if (!all_wait(f, &least)) {
        f->wait = 0; /* the turn of the broadcasts has not ended */
        return;
    }
    LOOP_CHECK(f, least > LARGE);
    for (unsigned k = 0; k < COUNT; k++) {
        end += LARGE - 100 * k;
        LOOP_CHECK(f, end <= least ? f->frames[k]->refs == 1 : f->frames[k]->refs > 1);
    }
    for (struct served *s = f->served; s; s = s->next)
        close_served(s);
    for (unsigned k = 0; k < COUNT; k++)
        LOOP_CHECK(f, f->frames[k]->refs == 1);
    tell_client(f);
}

static void read_nothing(struct fixture *f)
{
    int fds[READERS];

    for (int i = 0; i < READERS; i++)
        fds[i] = dial(f);
    await_loop(f);
    for (int i = 0; i < READERS; i++)
        hang_up(f, fds[i]);
}

static void who_waits_keeps_no_more_than_it_waits_for(void **state)
{
    static const struct script script = {
        .turn = see_what_is_kept,
        .client = read_nothing,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };

    fixture_free(play(&script));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_gets_its_own_in_order),
        cmocka_unit_test(some_end_or_drop_in_the_middle),
        cmocka_unit_test(slow_readers_get_every_broadcast),
        cmocka_unit_test(who_waits_keeps_no_more_than_it_waits_for),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
