/* A listening socket that another process accepts from too, as when a supervisor holds it: what comes when
 * that process dies is accepted by the one that lives. */
#include "loop_fixture.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 20 /* more than every second one went wrong where it could */

struct neighbour {
    pid_t pid;
    int ready; /* it writes a byte into it, in a turn in which it accepts */
    unsigned turns;
};

static void let_in(void *context, void *user, struct pinion_conn *conn)
{
    pinion__conn_close(conn);
}

static uint64_t say_ready(void *context)
{
    struct neighbour *neighbour = context;

    if (neighbour->turns++ > 0)
        return write(neighbour->ready, "x", 1) == 1 ? UINT64_MAX : 0;
    return 0;
}

/* In the process that is to die. */
static void live(struct neighbour *neighbour, int fd)
{
    static const struct pinion_loop_events events = { .accepted = let_in, .turn = say_ready };
    struct pinion_loop *loop;
    struct pinion_listener *listener;

    if (fixture_loop_new(&loop, &events, neighbour) == 0 &&
        pinion__loop_listen(loop, fd, NULL, &listener) == 0)
        (void)pinion__loop_run(loop);
    _exit(1);
}

/* It is the first one that waits at the socket. */
static void neighbour_begin(struct neighbour *neighbour, int fd)
{
    char byte;
    int ready[2];

    assert_int_equal(pipe(ready), 0);
    *neighbour = (struct neighbour){ .ready = ready[1] };
    neighbour->pid = fork();
    if (neighbour->pid == 0)
        live(neighbour, dup(fd));
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
}

static struct neighbour neighbour;

static void echo(struct served *s, uint8_t *bytes, size_t len)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, bytes, len) == 0);
}

static void kill_and_dial(struct fixture *f)
{
    await_loop(f);
    CLIENT_CHECK(f, kill(neighbour.pid, SIGKILL) == 0 && waitpid(neighbour.pid, NULL, 0) == neighbour.pid);
    int fd = dial(f);
    client_send(f, fd, "anybody?", 8);
    client_expect(f, fd, "anybody?", 8);
}

/* In the second turn it accepts. */
static void tell_when_accepting(struct fixture *f)
{
    if (f->turns == 1)
        f->wait = 0;
    if (f->turns == 2)
        tell_client(f);
}

static void who_comes_when_a_process_dies_is_let_in(void **state)
{
    static const struct script script = {
        .turn = tell_when_accepting,
        .data = echo,
        .client = kill_and_dial,
    };

    for (int i = 0; i < ROUNDS; i++) {
        struct fixture *f = fixture_new(&script, 0);
        neighbour_begin(&neighbour, f->listen_fd);
        fixture_start_client(f);
        fixture_run(f);
        fixture_finish(f);
        assert_int_equal(f->accepted, 1);
        fixture_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_when_a_process_dies_is_let_in),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
