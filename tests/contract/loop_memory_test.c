/* The contract where memory runs out: one after the other, each allocation that a loop makes while it runs
 * fails. Connections may be lost by that; nothing else may (the fixture's checks).
 *
 * The linker leads the allocations of everything in this program through here. Only those of the loop's
 * thread fail, and not those inside events, which are the test's own. */
#include "helpers/memory_calls.h"
#include "loop_fixture.h"
#include <pinion/log.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    const struct fixture *fixture;
    unsigned left; /* allocations that still succeed; then one fails */
    bool failed;
} memory;

static _Thread_local bool on_loop;

bool memory_call_fails(void)
{
    if (!on_loop || memory.fixture->in_event || memory.failed)
        return false;
    memory.failed = memory.left == 0;
    memory.left--;
    return memory.failed;
}

/* What happens: more connections than a slab holds, all at once, that send more than there are buffers for to
 * a server that pauses them, and leave at once. */
#define CROWD 200

static void echo_and_pause(struct served *s, uint8_t *bytes, size_t len)
{
    (void)queue_bytes(s, bytes, len < 100 ? len : 100);
    if (s->data_calls % 2)
        pinion__conn_pause(s->conn);
}

static void resume_all(struct fixture *f)
{
    for (struct served *s = f->served; s; s = s->next)
        if (s->conn)
            pinion__conn_resume(s->conn);
    if (atomic_load(&f->client_step) < 2)
        f->wait = 1;
}

static void crowd_in_and_out(struct fixture *f)
{
    static const uint8_t bytes[3000];
    int fds[CROWD];

    for (int i = 0; i < CROWD; i++)
        fds[i] = dial(f);
    tell_loop(f);
    for (int i = 0; i < CROWD; i++)
        (void)!send(fds[i], bytes, sizeof bytes, MSG_NOSIGNAL);
    for (int i = 0; i < CROWD; i++)
        (void)shutdown(fds[i], SHUT_WR);
    for (int i = 0; i < CROWD / 2; i++)
        client_expect_end(f, fds[i]);
    tell_loop(f);
}

static void no_log(pinion_log_level level, const char *line, void *data)
{
}

/* True when an allocation failed. */
static bool play_with(unsigned allocations)
{
    static const struct script script = {
        .data = echo_and_pause,
        .turn = resume_all,
        .client = crowd_in_and_out,
    };
    struct fixture *f = fixture_new(&script, 0);

    f->shares_port = true; /* a connection may be lost before it is told of */
    memory.fixture = f;
    memory.left = allocations;
    memory.failed = false;
    fixture_start_client(f);
    on_loop = true;
    fixture_run(f);
    on_loop = false;
    fixture_finish(f);
    fixture_free(f);
    return memory.failed;
}

static void each_allocation_may_fail(void **state)
{
    unsigned allocations = 0;

    pinion_log_set_function(no_log, NULL);
    while (play_with(allocations))
        allocations += allocations < 20 ? 1 : 1 + allocations / 4;
    pinion_log_set_function(NULL, NULL);
    print_message("up to %u allocations\n", allocations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
