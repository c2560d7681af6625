/* The watchdog's pings, with loops whose clock is the test's. */
#include "helpers/tcp.h"
#include "process/heartbeat.h"
#include <pinion/endpoint.h>
#include <pinion/log.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WATCHDOG_US 400000 /* a beat every 100 ms */

static uint64_t now_ms;
static int pings; /* the socket they arrive at */

static uint64_t clock_of_the_test(void *context)
{
    return now_ms;
}

static void no_wake(void *context)
{
}

/* This process's NOTIFY_SOCKET, before anything reads it. */
static int listen_for_pings(void **state)
{
    char name[sizeof((struct sockaddr_un *)NULL)->sun_path];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int len = snprintf(name, sizeof name, "@pinion-heartbeat-%d", (int)getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "400000", 1);
    unsetenv("WATCHDOG_PID");
    memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
    pings = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return bind(pings, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len));
}

static int count_pings(void)
{
    char text[64];
    int count = 0;
    ssize_t len;
    while ((len = recv(pings, text, sizeof text - 1, MSG_DONTWAIT)) >= 0) {
        text[len] = '\0';
        assert_string_equal(text, "WATCHDOG=1");
        count++;
    }
    return count;
}

struct loop {
    struct pinion_scheduler *scheduler;
    struct pinion_heartbeat heartbeat;
};

static void begin(struct loop *loop)
{
    memset(loop, 0, sizeof *loop);
    assert_int_equal(pinion__scheduler_new(&loop->scheduler, 1000, no_wake, NULL, clock_of_the_test, NULL),
                     0);
    pinion__heartbeat_start(&loop->heartbeat, loop->scheduler, WATCHDOG_US);
}

static void end(struct loop *loop)
{
    pinion__heartbeat_stop(&loop->heartbeat);
    pinion__scheduler_close(loop->scheduler);
    pinion__scheduler_unref(loop->scheduler);
}

static void turn(struct loop *loop)
{
    pinion__scheduler_turn(loop->scheduler);
}

static void it_pings_at_least_twice_in_the_watchdogs_time(void **state)
{
    struct loop loop;
    begin(&loop);
    assert_int_equal(count_pings(), 0);
    for (int i = 0; i < 40; i++) {
        now_ms += 10;
        turn(&loop);
    }
    assert_int_equal(count_pings(), 4);
    end(&loop);
}

static void loops_out_of_step_ping_in_half_the_time_at_the_latest(void **state)
{
    struct loop loops[3];
    uint64_t last = now_ms;
    for (int i = 0; i < 3; i++) {
        begin(&loops[i]);
        now_ms += 45;
    }
    for (int i = 0; i < 1000; i++) {
        now_ms++;
        for (int k = 0; k < 3; k++)
            turn(&loops[k]);
        if (count_pings() > 0)
            last = now_ms;
        assert_true(now_ms - last <= WATCHDOG_US / 2000);
    }
    for (int i = 0; i < 3; i++)
        end(&loops[i]);
}

static void one_that_hangs_stops_the_pings_of_all(void **state)
{
    struct loop works, hangs;
    begin(&works);
    begin(&hangs);
    now_ms += 100;
    turn(&works);
    assert_int_equal(count_pings(), 0);
    turn(&hangs);
    assert_int_equal(count_pings(), 1);
    for (int i = 0; i < 100; i++) {
        now_ms += 100;
        turn(&works);
    }
    assert_int_equal(count_pings(), 0);
    turn(&hangs); /* and it goes on */
    assert_int_equal(count_pings(), 1);
    end(&works);
    end(&hangs);
}

static void one_that_ended_is_not_waited_for(void **state)
{
    struct loop stays, goes;
    begin(&stays);
    begin(&goes);
    now_ms += 100;
    end(&goes);
    turn(&stays);
    assert_int_equal(count_pings(), 1);
    end(&stays);
    now_ms += 1000;
    assert_int_equal(count_pings(), 0);
}

static void nobody_watches(void **state)
{
    struct loop loop = { 0 };
    assert_int_equal(pinion__scheduler_new(&loop.scheduler, 1000, no_wake, NULL, clock_of_the_test, NULL), 0);
    pinion__heartbeat_start(&loop.heartbeat, loop.scheduler, 0);
    assert_int_equal(pinion__scheduler_turn(loop.scheduler), UINT64_MAX); /* nothing is planned */
    end(&loop);
}

static void a_time_under_a_millisecond_does_not_spin(void **state)
{
    struct loop loop = { 0 };
    assert_int_equal(pinion__scheduler_new(&loop.scheduler, 1000, no_wake, NULL, clock_of_the_test, NULL), 0);
    pinion__heartbeat_start(&loop.heartbeat, loop.scheduler, 1);
    assert_int_equal(pinion__scheduler_turn(loop.scheduler), 1);
    end(&loop);
}

/* ---- real loops ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool inside, let_go;
} page = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* A callback that hangs until the test lets it go. */
static void hang(const pinion_request *request, pinion_response *response, void *data)
{
    pthread_mutex_lock(&page.lock);
    page.inside = true;
    pthread_cond_signal(&page.changed);
    while (!page.let_go)
        pthread_cond_wait(&page.changed, &page.lock);
    pthread_mutex_unlock(&page.lock);
}

static void wait_until_it_hangs(void)
{
    pthread_mutex_lock(&page.lock);
    while (!page.inside)
        pthread_cond_wait(&page.changed, &page.lock);
    pthread_mutex_unlock(&page.lock);
}

static void let_it_go(void)
{
    pthread_mutex_lock(&page.lock);
    page.let_go = true;
    pthread_cond_signal(&page.changed);
    pthread_mutex_unlock(&page.lock);
}

static int get(uint16_t port, const char *path)
{
    char request[64];
    int fd = tcp_connect(port);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    assert_true(fd >= 0);
    assert_true(tcp_say(fd, request));
    return fd;
}

static bool ping_within(int ms)
{
    struct pollfd fd = { .fd = pings, .events = POLLIN };
    return poll(&fd, 1, ms) == 1 && count_pings() > 0;
}

static int pings_in(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
    return count_pings();
}

static void an_endpoint_with_a_loop_that_hangs_stops_pinging(void **state)
{
    pinion_endpoint *endpoint = NULL;
    pinion_log_set_level(PINION_LOG_NONE);
    assert_int_equal(
        pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 2 }), 0);
    assert_int_equal(pinion_endpoint_get(endpoint, "/hang", hang, NULL), 0);
    assert_int_equal(pinion_endpoint_start(endpoint), 0);
    assert_true(ping_within(10000));
    int fd = get(pinion_endpoint_port(endpoint), "/hang");
    wait_until_it_hangs();
    assert_true(pings_in(2 * WATCHDOG_US / 1000) <= 1); /* one for which it had beaten already */
    let_it_go();
    assert_true(ping_within(10000));
    close(fd);
    pinion_endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_pings_at_least_twice_in_the_watchdogs_time),
        cmocka_unit_test(loops_out_of_step_ping_in_half_the_time_at_the_latest),
        cmocka_unit_test(one_that_hangs_stops_the_pings_of_all),
        cmocka_unit_test(one_that_ended_is_not_waited_for),
        cmocka_unit_test(nobody_watches),
        cmocka_unit_test(a_time_under_a_millisecond_does_not_spin),
        cmocka_unit_test(an_endpoint_with_a_loop_that_hangs_stops_pinging),
    };
    return cmocka_run_group_tests(tests, listen_for_pings, NULL);
}
