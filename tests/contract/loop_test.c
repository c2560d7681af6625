/* The contract of a loop: turns, waking, stopping, listeners. Connections: loop_conn_test.c,
 * loop_send_test.c. */
#include "helpers/tcp.h"
#include "loop_fixture.h"
#include <dirent.h>
#include <errno.h>
#include <pinion/log.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* Loops without connections: what their turns do is a function of how many there were. */

struct bare {
    struct pinion_loop *loop;
    uint64_t (*turn)(struct bare *bare);
    unsigned turns;
    uint64_t started_ms;
    atomic_uint seen;
};

static void refuse(void *context, void *user, struct pinion_conn *conn)
{
    pinion__conn_close(conn);
}

static uint64_t bare_turn(void *context)
{
    struct bare *bare = context;

    bare->turns++;
    return bare->turn(bare);
}

static const struct pinion_loop_events bare_events = { .accepted = refuse, .turn = bare_turn };

static void run_bare(struct bare *bare, uint64_t (*turn)(struct bare *))
{
    bare->turn = turn;
    bare->turns = 0;
    bare->started_ms = now_ms();
    assert_int_equal(pinion__loop_run(bare->loop), 0);
}

static void bare_new(struct bare *bare)
{
    *bare = (struct bare){ 0 };
    assert_int_equal(fixture_loop_new(&bare->loop, &bare_events, bare), 0);
}

static void an_engine_is_found_by_its_name(void **state)
{
    assert_null(pinion__loop_engine(""));
    assert_null(pinion__loop_engine("u"));
    assert_null(pinion__loop_engine("uvx"));
    assert_non_null(pinion__loop_engine(NULL));
    const char *name = pinion__loop_engine_name(fixture_engine);
    assert_ptr_equal(pinion__loop_engine(name), fixture_engine);
}

static void expect_refused(const struct pinion_loop_options *options)
{
    struct pinion_loop *loop = NULL;

    assert_int_equal(pinion__loop_new(&loop, fixture_engine, options), PINION_EINVAL);
    assert_null(loop);
}

static void a_loop_without_events_is_refused(void **state)
{
    struct pinion_loop_events no_turn = { .accepted = refuse };
    struct pinion_loop_events no_accepted = { .turn = bare_turn };

    expect_refused(NULL);
    expect_refused(&(struct pinion_loop_options){ .events = NULL });
    expect_refused(&(struct pinion_loop_options){ .events = &no_turn });
    expect_refused(&(struct pinion_loop_options){ .events = &no_accepted });
    pinion__loop_free(NULL);
}

static void a_bad_descriptor_cannot_be_listened_on(void **state)
{
    struct bare bare;
    struct pinion_listener *listener = NULL;

    bare_new(&bare);
    assert_int_equal(pinion__loop_listen(bare.loop, -1, NULL, &listener), PINION_EIO);
    assert_null(listener);
    pinion__loop_free(bare.loop);
}

static void a_listener_is_closed_without_a_run(void **state)
{
    struct bare bare;
    struct pinion_listener *listener;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    bare_new(&bare);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(pinion__loop_listen(bare.loop, fd, NULL, &listener), 0);
    pinion__listener_close(listener);
    pinion__loop_free(bare.loop);
}

static uint64_t stop_at_once(struct bare *bare)
{
    pinion__loop_stop(bare->loop);
    return UINT64_MAX;
}

static void the_first_turn_comes_before_the_first_wait(void **state)
{
    struct bare bare;

    bare_new(&bare);
    run_bare(&bare, stop_at_once);
    assert_true(bare.turns >= 1);
    run_bare(&bare, stop_at_once);
    assert_true(bare.turns >= 1);
    pinion__loop_free(bare.loop);
}

static uint64_t stop_after_100(struct bare *bare)
{
    if (bare->turns == 100)
        pinion__loop_stop(bare->loop);
    return 0;
}

static void a_wait_of_zero_takes_another_turn(void **state)
{
    struct bare bare;

    bare_new(&bare);
    run_bare(&bare, stop_after_100);
    assert_true(bare.turns >= 100);
    pinion__loop_free(bare.loop);
}

static uint64_t stop_after_30_ms(struct bare *bare)
{
    uint64_t elapsed = now_ms() - bare->started_ms;

    if (elapsed < 30)
        return 30 - elapsed;
    pinion__loop_stop(bare->loop);
    return UINT64_MAX;
}

static void a_wait_ends_and_is_a_wait(void **state)
{
    struct bare bare;

    bare_new(&bare);
    run_bare(&bare, stop_after_30_ms);
    assert_true(bare.turns < 12);
    pinion__loop_free(bare.loop);
}

static uint64_t stop_at_second(struct bare *bare)
{
    if (bare->turns == 2)
        pinion__loop_stop(bare->loop);
    return UINT64_MAX;
}

static void a_wake_before_run_is_not_lost(void **state)
{
    struct bare bare;

    bare_new(&bare);
    pinion__loop_wake(bare.loop);
    run_bare(&bare, stop_at_second);
    assert_true(bare.turns >= 2);
    pinion__loop_free(bare.loop);
}

static struct pinion_loop *woken_by_signal;

static void on_signal(int number)
{
    pinion__loop_wake(woken_by_signal);
}

static uint64_t raise_then_stop(struct bare *bare)
{
    if (bare->turns == 1)
        raise(SIGUSR1);
    return stop_at_second(bare);
}

static void a_signal_handler_may_wake(void **state)
{
    struct bare bare;

    bare_new(&bare);
    woken_by_signal = bare.loop;
    signal(SIGUSR1, on_signal);
    run_bare(&bare, raise_then_stop);
    signal(SIGUSR1, SIG_DFL);
    assert_true(bare.turns >= 2);
    pinion__loop_free(bare.loop);
}

static uint64_t wake_often_then_count(struct bare *bare)
{
    if (bare->turns > 1)
        return stop_after_30_ms(bare);
    for (int i = 0; i < 1000; i++)
        pinion__loop_wake(bare->loop);
    return UINT64_MAX;
}

static void wakes_coalesce(void **state)
{
    struct bare bare;

    bare_new(&bare);
    run_bare(&bare, wake_often_then_count);
    assert_in_range(bare.turns, 2, 12);
    pinion__loop_free(bare.loop);
}

#define WAKES 2000

static void *wake_from_thread(void *data)
{
    struct bare *bare = data;

    for (int i = 0; i < WAKES; i++) {
        atomic_fetch_add(&bare->seen, 1);
        pinion__loop_wake(bare->loop);
    }
    return NULL;
}

static uint64_t stop_when_all_seen(struct bare *bare)
{
    if (atomic_load(&bare->seen) == 2 * WAKES)
        pinion__loop_stop(bare->loop);
    return UINT64_MAX;
}

static void no_wake_of_two_threads_is_lost(void **state)
{
    struct bare bare;
    pthread_t threads[2];

    bare_new(&bare);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wake_from_thread, &bare), 0);
    run_bare(&bare, stop_when_all_seen);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pinion__loop_free(bare.loop);
}

/* Stopping */

#define STOPPED 10

static void say_goodbye_to_all(struct fixture *f)
{
    if (f->accepted < STOPPED || f->served->closed_after)
        return;
    for (struct served *s = f->served; s; s = s->next) {
        LOOP_CHECK(f, queue_bytes(s, "goodbye", 7) == 0);
        s->closed_after = f->turns;
    }
    pinion__loop_stop(f->loop);
}

static void expect_goodbye(struct fixture *f)
{
    int fds[STOPPED];

    for (int i = 0; i < STOPPED; i++)
        fds[i] = dial(f);
    for (int i = 0; i < STOPPED; i++) {
        client_expect(f, fds[i], "goodbye", 7);
        client_expect_fin(f, fds[i]);
    }
    await_loop(f);
    CLIENT_CHECK(f, try_dial(f) == -1);
}

static void stop_closes_connections_and_listeners(void **state)
{
    static const struct script script = { .turn = say_goodbye_to_all, .client = expect_goodbye };
    struct fixture *f = fixture_new(&script, 0);

    fixture_start_client(f);
    fixture_run(f);
    assert_int_equal(pinion__loop_connections(f->loop), 0);
    assert_int_equal(f->closed, STOPPED);
    tell_client(f);
    fixture_finish(f);
    for (struct served *s = f->served; s; s = s->next)
        assert_int_equal(s->error, 0);
    fixture_free(f);
}

/* Listeners */

static void echo(struct served *s, uint8_t *bytes, size_t len)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, bytes, len) == 0);
}

static bool is_refused(struct fixture *f)
{
    int fd = tcp_connect(f->port);
    if (fd < 0)
        return errno == ECONNREFUSED;
    close(fd);
    return false;
}

/* At once, not at the end of the turn: what is sent in it may say that nobody is let in any more. */
static void close_listener(struct served *s)
{
    fixture_close_listener(s->fixture);
    LOOP_CHECK(s->fixture, is_refused(s->fixture));
    tell_client(s->fixture);
}

static void close_listener_in_turn(struct fixture *f)
{
    if (f->accepted == 0 || !f->listener)
        return;
    fixture_close_listener(f);
    LOOP_CHECK(f, is_refused(f));
    tell_client(f);
}

static void dial_then_be_refused(struct fixture *f)
{
    int first = dial(f);

    await_loop(f);
    CLIENT_CHECK(f, try_dial(f) == -1);
    client_send(f, first, "still here", 10);
    client_expect(f, first, "still here", 10);
}

static void a_closed_listener_accepts_no_more(void **state)
{
    static const struct script in_event = {
        .accepted = close_listener,
        .data = echo,
        .client = dial_then_be_refused,
    };
    static const struct script in_turn = {
        .turn = close_listener_in_turn,
        .data = echo,
        .client = dial_then_be_refused,
    };
    struct fixture *f = play(&in_event);

    assert_int_equal(f->accepted, 1);
    fixture_free(f);
    f = play(&in_turn);
    assert_int_equal(f->accepted, 1);
    fixture_free(f);
}

static void dial_and_wait_for_the_end(struct fixture *f)
{
    client_expect_end(f, dial(f));
}

static void a_connection_nobody_attached_is_closed(void **state)
{
    static const struct script script = { .leave_unattached = true, .client = dial_and_wait_for_the_end };
    struct fixture *f = play(&script);

    assert_int_equal(f->accepted, 1);
    fixture_free(f);
}

#define RUSH 300

static struct {
    unsigned accepted_before; /* this turn */
    unsigned most;            /* in one turn */
    int descriptors;          /* that were open when all had dialled */
    int ahead;                /* the most that were open for connections of which nobody was told yet */
} rush;

static int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* The listener comes when all have dialled. */
static void count_accepted(struct fixture *f)
{
    if (f->turns == 1) {
        await_client(f);
        rush.descriptors = open_descriptors();
        fixture_listen(f);
    }
    int ahead = open_descriptors() - rush.descriptors - (int)f->accepted;
    if (f->accepted < RUSH && ahead > rush.ahead) /* then none has been closed */
        rush.ahead = ahead;
    if (f->accepted - rush.accepted_before > rush.most)
        rush.most = f->accepted - rush.accepted_before;
    rush.accepted_before = f->accepted;
}

static void rush_in(struct fixture *f)
{
    int fds[RUSH];

    for (int i = 0; i < RUSH; i++)
        fds[i] = dial(f);
    tell_loop(f);
    for (int i = 0; i < RUSH; i++) {
        client_send(f, fds[i], &i, sizeof i);
        client_expect(f, fds[i], &i, sizeof i);
    }
}

static void a_rush_is_accepted_in_portions(void **state)
{
    static const struct script script = {
        .listen_late = true,
        .turn = count_accepted,
        .data = echo,
        .client = rush_in,
    };

    memset(&rush, 0, sizeof rush);
    struct fixture *f = play(&script);
    assert_int_equal(f->accepted, RUSH);
    assert_in_range(rush.most, 1, 64);
    assert_in_range(rush.ahead, 0, 4); /* the engine may have some of its own */
    fixture_free(f);
}

/* At one after the other, since each may be the last one that an operation of the kernel's accepts. */
static unsigned enough;

static void close_listener_when_enough(struct served *s)
{
    if (s->fixture->accepted == enough)
        fixture_close_listener(s->fixture);
}

static void rush_in_vain(struct fixture *f)
{
    for (int i = 0; i < 20; i++)
        dial(f);
    tell_loop(f);
    for (int i = 0; i < 20; i++)
        client_expect_end(f, f->client_fds[i]);
}

static void listen_then_close_all(struct fixture *f)
{
    if (f->turns == 1) {
        await_client(f);
        fixture_listen(f);
    }
    for (struct served *s = f->served; s; s = s->next)
        if (s->conn && !s->closed_after)
            close_served(s);
}

static void a_listener_closes_in_the_middle_of_a_rush(void **state)
{
    static const struct script script = {
        .listen_late = true,
        .turn = listen_then_close_all,
        .accepted = close_listener_when_enough,
        .client = rush_in_vain,
    };

    for (enough = 1; enough <= 20; enough++) {
        struct fixture *f = play(&script);
        assert_int_equal(f->accepted, enough);
        fixture_free(f);
    }
}

/* Two loops */

#define SHARED_CLIENTS 64

static void echo_on_many(struct fixture *f)
{
    int fds[SHARED_CLIENTS];

    for (int i = 0; i < SHARED_CLIENTS; i++) {
        fds[i] = dial(f);
        client_send(f, fds[i], &i, sizeof i);
    }
    for (int i = 0; i < SHARED_CLIENTS; i++)
        client_expect(f, fds[i], &i, sizeof i);
}

static void *run_on_thread(void *data)
{
    fixture_run(data);
    return NULL;
}

static void two_loops_share_a_port(void **state)
{
    static const struct script script = { .data = echo, .client = echo_on_many };
    struct fixture *first = fixture_new(&script, 0);
    struct fixture *second = fixture_new(&script, first->port);
    pthread_t thread;

    first->shares_port = second->shares_port = true;
    assert_int_equal(pthread_create(&thread, NULL, run_on_thread, second), 0);
    fixture_start_client(first);
    fixture_run(first);
    atomic_store(&second->client_done, true);
    pinion__loop_wake(second->loop);
    pthread_join(thread, NULL);
    fixture_finish(first);
    fixture_finish(second);
    assert_int_equal(first->accepted + second->accepted, SHARED_CLIENTS);
    assert_true(first->accepted > 0 && second->accepted > 0);
    fixture_free(first);
    fixture_free(second);
}

/* Descriptors run out. The limit is lowered before the loop listens, since an engine may note it then. */

static struct exhaustion {
    struct rlimit before;
    uint64_t since_ms;
    unsigned warnings;
} exhaustion;

static void count_warnings(pinion_log_level level, const char *line, void *data)
{
    if (level == PINION_LOG_WARNING)
        exhaustion.warnings++;
}

static void allow_no_more_descriptors(struct fixture *f)
{
    int lowest_free = dup(f->listen_fd);

    close(lowest_free);
    LOOP_CHECK(f, getrlimit(RLIMIT_NOFILE, &exhaustion.before) == 0);
    struct rlimit none = { (rlim_t)lowest_free, exhaustion.before.rlim_max };
    LOOP_CHECK(f, setrlimit(RLIMIT_NOFILE, &none) == 0);
}

/* Long enough for a few attempts to fail. */
static void exhaust_for_a_while(struct fixture *f)
{
    if (f->turns == 1) {
        await_client(f);
        allow_no_more_descriptors(f);
        exhaustion.since_ms = now_ms();
        fixture_listen(f);
    }
    uint64_t elapsed = now_ms() - exhaustion.since_ms;
    if (elapsed < 400) {
        LOOP_CHECK(f, f->accepted == 0);
        f->wait = 400 - elapsed;
    } else {
        LOOP_CHECK(f, setrlimit(RLIMIT_NOFILE, &exhaustion.before) == 0);
    }
}

static void dial_before_listening(struct fixture *f)
{
    int fds[3];

    for (int i = 0; i < 3; i++)
        fds[i] = dial(f);
    tell_loop(f);
    for (int i = 0; i < 3; i++) {
        client_send(f, fds[i], &i, sizeof i);
        client_expect(f, fds[i], &i, sizeof i);
    }
}

static void accepting_survives_the_lack_of_descriptors(void **state)
{
    static const struct script script = {
        .listen_late = true,
        .turn = exhaust_for_a_while,
        .data = echo,
        .client = dial_before_listening,
    };

    exhaustion = (struct exhaustion){ 0 };
    pinion_log_set_function(count_warnings, NULL);
    struct fixture *f = play(&script);
    pinion_log_set_function(NULL, NULL);
    assert_int_equal(f->accepted, 3);
    assert_int_equal(exhaustion.warnings, 1);
    fixture_free(f);
}

static void close_listener_while_exhausted(struct fixture *f)
{
    if (f->turns == 1) {
        await_client(f);
        allow_no_more_descriptors(f);
        fixture_listen(f);
        f->wait = 0;
    } else if (exhaustion.warnings == 0) {
        f->wait = 0;
    } else if (f->accepted == 0 && f->listener) {
        LOOP_CHECK(f, setrlimit(RLIMIT_NOFILE, &exhaustion.before) == 0);
        fixture_close_listener(f);
    }
}

static void dial_in_vain(struct fixture *f)
{
    int fd = dial(f);

    tell_loop(f);
    client_expect_end(f, fd);
}

static void a_listener_closes_while_accepting_is_paused(void **state)
{
    static const struct script script = {
        .listen_late = true,
        .turn = close_listener_while_exhausted,
        .client = dial_in_vain,
    };

    exhaustion = (struct exhaustion){ 0 };
    pinion_log_set_function(count_warnings, NULL);
    struct fixture *f = play(&script);
    pinion_log_set_function(NULL, NULL);
    assert_int_equal(f->accepted, 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_is_found_by_its_name),
        cmocka_unit_test(a_loop_without_events_is_refused),
        cmocka_unit_test(a_bad_descriptor_cannot_be_listened_on),
        cmocka_unit_test(a_listener_is_closed_without_a_run),
        cmocka_unit_test(the_first_turn_comes_before_the_first_wait),
        cmocka_unit_test(a_wait_of_zero_takes_another_turn),
        cmocka_unit_test(a_wait_ends_and_is_a_wait),
        cmocka_unit_test(a_wake_before_run_is_not_lost),
        cmocka_unit_test(a_signal_handler_may_wake),
        cmocka_unit_test(wakes_coalesce),
        cmocka_unit_test(no_wake_of_two_threads_is_lost),
        cmocka_unit_test(stop_closes_connections_and_listeners),
        cmocka_unit_test(a_closed_listener_accepts_no_more),
        cmocka_unit_test(a_connection_nobody_attached_is_closed),
        cmocka_unit_test(a_rush_is_accepted_in_portions),
        cmocka_unit_test(a_listener_closes_in_the_middle_of_a_rush),
        cmocka_unit_test(two_loops_share_a_port),
        cmocka_unit_test(accepting_survives_the_lack_of_descriptors),
        cmocka_unit_test(a_listener_closes_while_accepting_is_paused),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
