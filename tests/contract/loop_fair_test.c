/* The contract under flood: connections that send without pause hold up each other, and nobody else.
 *
 * The loop's thread plays the clients too, in turn(): so what lies ready when a turn begins is known, and
 * what is counted is turns and bytes, not time. Unix-domain sockets, for what was sent on them is there at
 * once. */
#include "helpers/random.h"
#include "io/busy.h"
#include "loop_fixture.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#define FLOODERS_MAX 64
#define ROUNDS       40 /* bytes of the quiet one, each answered before the next */
#define PATIENCE     24 /* turns in which it must be heard; it takes one where there is enough of everything */
#define TURNS_MAX    4000                /* a round that never ends has failed */
#define ENGINE_PIECE ((size_t)64 * 1024) /* no engine brings more in one event */

/* The stream of a flooder: the number of each byte, modulo a prime. */
#define STREAM_PERIOD 251

static uint8_t stream[ENGINE_PIECE + STREAM_PERIOD];

static void make_stream(void)
{
    for (size_t i = 0; i < sizeof stream; i++)
        stream[i] = (uint8_t)(i % STREAM_PERIOD);
}

static bool continues_stream(const struct served *s, const uint8_t *bytes, size_t len)
{
    size_t before = s->received_len - len; /* it is collected already */

    return len <= ENGINE_PIECE && memcmp(bytes, stream + before % STREAM_PERIOD, len) == 0;
}

/* ---- a quiet client, and new ones, among flooders ---- */

static struct {
    size_t flooders;
    int fds[FLOODERS_MAX];
    size_t sent[FLOODERS_MAX];
    int quiet_fd;
    struct served *quiet;
    unsigned rounds;
    bool waits;          /* the quiet one has sent its byte */
    unsigned since;      /* in this turn */
    size_t others;       /* bytes of flooders since then */
    size_t others_most;  /* of all rounds */
    unsigned turns_most; /* the same for turns */
    size_t in_turn;      /* bytes of flooders in this turn */
    unsigned dialled;    /* by the loop's thread */
    unsigned dialled_since;
    unsigned accept_most;
} flood;

static void flood_once(size_t i)
{
    ssize_t n;

    do {
        n = send(flood.fds[i], stream + flood.sent[i] % STREAM_PERIOD, 4096, MSG_DONTWAIT | MSG_NOSIGNAL);
        flood.sent[i] += n > 0 ? (size_t)n : 0;
    } while (n > 0);
}

/* The first one to be accepted is the quiet one: it was the first to dial. */
static void note_quiet(struct served *s)
{
    if (!flood.quiet)
        flood.quiet = s;
}

static void on_flood(struct served *s, uint8_t *bytes, size_t len)
{
    struct fixture *f = s->fixture;

    if (s == flood.quiet) {
        unsigned turns = f->turns + 1 - flood.since;
        LOOP_CHECK(f, flood.waits && len == 1);
        flood.waits = false;
        flood.turns_most = turns > flood.turns_most ? turns : flood.turns_most;
        flood.others_most = flood.others > flood.others_most ? flood.others : flood.others_most;
        return;
    }
    LOOP_CHECK(f, continues_stream(s, bytes, len));
    flood.others += len;
    flood.in_turn += len;
}

/* In any one turn: the share of each, and what is read of the busy ones; both with one event more. */
static size_t turn_limit(void)
{
    return PINION_RECV_TURN + PINION_RECV_SHARE + flood.flooders * 2 * PINION_RECV_LEAST + PINION_RECV_TURN +
           PINION_RECV_PIECE;
}

static void check_turn(struct fixture *f)
{
    LOOP_CHECK(f, flood.in_turn <= turn_limit());
    LOOP_CHECK(f, !flood.waits || f->turns - flood.since <= TURNS_MAX);
    flood.in_turn = 0;
    if (f->accepted >= flood.dialled && flood.dialled_since) {
        unsigned turns = f->turns - flood.dialled_since;
        flood.accept_most = turns > flood.accept_most ? turns : flood.accept_most;
        flood.dialled_since = 0;
    }
}

/* The quiet one sends its next byte, and somebody new comes. */
static void next_round(struct fixture *f)
{
    if (++flood.rounds > ROUNDS) {
        tell_client(f);
        return;
    }
    flood.waits = send(flood.quiet_fd, "q", 1, MSG_DONTWAIT) == 1;
    flood.since = f->turns;
    flood.others = 0;
    if (flood.dialled_since == 0) {
        (void)dial(f);
        flood.dialled++;
        flood.dialled_since = f->turns;
    }
}

static void flood_all(struct fixture *f)
{
    f->wait = 1;
    if (atomic_load(&f->client_step) == 0 || atomic_load(&f->client_done) || flood.rounds > ROUNDS)
        return;
    check_turn(f);
    for (size_t i = 0; i < flood.flooders; i++)
        flood_once(i);
    if (!flood.waits)
        next_round(f);
}

static void dial_all(struct fixture *f)
{
    flood.quiet_fd = dial(f);
    for (size_t i = 0; i < flood.flooders; i++)
        flood.fds[i] = dial(f);
    flood.dialled = (unsigned)flood.flooders + 1;
    tell_loop(f);
    await_loop(f);
}

/* Everybody gets on. Nobody has more than a few times as much as another. */
static void check_shares(const struct fixture *f)
{
    size_t most = 0, least = SIZE_MAX;

    for (const struct served *s = f->served; s; s = s->next) {
        if (s == flood.quiet || s->received_len == 0)
            continue; /* of those who came later, nobody sends */
        most = s->received_len > most ? s->received_len : most;
        least = s->received_len < least ? s->received_len : least;
    }
    assert_true(least <= most);
    assert_true(most - least <= most * 3 / 4 + 4 * PINION_RECV_TURN);
}

static void flood_with(size_t flooders)
{
    static const struct script script = {
        .accepted = note_quiet, .data = on_flood, .turn = flood_all, .client = dial_all, .unix_socket = true
    };

    make_stream();
    memset(&flood, 0, sizeof flood);
    flood.flooders = flooders;
    struct fixture *f = play(&script);
    print_message("%zu flooders: heard after %u turns and %zu bytes of others at most, accepted after %u\n",
                  flooders, flood.turns_most, flood.others_most, flood.accept_most);
    assert_in_range(flood.turns_most, 1, PATIENCE);
    assert_in_range(flood.accept_most, 1, PATIENCE);
    assert_true(flood.others_most <= PATIENCE * turn_limit());
    check_shares(f);
    fixture_free(f);
}

static void one_flooder_holds_up_nobody(void **state)
{
    flood_with(1);
}

static void four_flooders_hold_up_nobody(void **state)
{
    flood_with(4);
}

static void twelve_flooders_hold_up_nobody(void **state)
{
    flood_with(12);
}

static void many_flooders_hold_up_nobody(void **state)
{
    flood_with(FLOODERS_MAX);
}

/* ---- flooders that are paused: what they cost, and whom they hold up ---- */

/* One comes after the other: so the kernel has buffers for all that it sends. */
#define SOME_TURNS 4
#define FDS_MAX    1024
/* What the loop may hold of all of them: four times its buffers, and those. */
#define HELD_MAX ((size_t)5 * 512 * 2048)

static struct {
    bool over; /* they may go on */
    unsigned turns;
    unsigned heard; /* bytes of the quiet one */
} paused;

static void pause_flooder(struct served *s, uint8_t *bytes, size_t len)
{
    if (s == flood.quiet) {
        paused.heard += (unsigned)len;
        return;
    }
    LOOP_CHECK(s->fixture, continues_stream(s, bytes, len));
    if (!paused.over)
        pinion__conn_pause(s->conn);
}

static size_t sent_by_all(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < flood.flooders; i++)
        sum += flood.sent[i];
    return sum;
}

static size_t received_of_all(const struct fixture *f)
{
    size_t sum = 0;

    for (const struct served *s = f->served; s; s = s->next)
        sum += s == flood.quiet ? 0 : s->received_len;
    return sum;
}

/* What was sent on a connection and not read, at most: this process has both its ends. What has come and is
 * not acknowledged counts twice. */
static size_t unread(int client)
{
    struct sockaddr_in end, peer;
    socklen_t len = sizeof end;
    int to_send = 0, to_read = 0;

    assert_int_equal(getsockname(client, (struct sockaddr *)&end, &len), 0);
    assert_int_equal(ioctl(client, SIOCOUTQ, &to_send), 0);
    for (int fd = 0; fd < FDS_MAX && to_read == 0; fd++) {
        len = sizeof peer;
        if (fd != client && getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
            peer.sin_family == AF_INET && peer.sin_port == end.sin_port)
            (void)ioctl(fd, SIOCINQ, &to_read);
    }
    return (size_t)to_send + (size_t)to_read;
}

static size_t unread_of_all(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < flood.flooders; i++)
        sum += unread(flood.fds[i]);
    return sum;
}

static void let_them_go_on(struct fixture *f)
{
    size_t sent = sent_by_all(), unread = unread_of_all();
    size_t taken = sent - received_of_all(f);
    size_t held = taken > unread ? taken - unread : 0;

    print_message("%zu paused flooders: %zu of %zu bytes held, %u bytes of another heard\n", flood.flooders,
                  held, sent, paused.heard);
    LOOP_CHECK(f, held <= HELD_MAX);
    LOOP_CHECK(f, paused.heard >= flood.flooders);
    paused.over = true;
    for (struct served *s = f->served; s; s = s->next)
        pinion__conn_resume(s->conn);
}

static void flood_and_pause(struct fixture *f)
{
    f->wait = 1;
    if (atomic_load(&f->client_step) == 0 || atomic_load(&f->client_done))
        return;
    if (paused.over && received_of_all(f) == sent_by_all())
        tell_client(f);
    if (paused.over)
        return;
    if (paused.turns < flood.flooders)
        flood_once(paused.turns);
    LOOP_CHECK(f, send(flood.quiet_fd, "q", 1, MSG_DONTWAIT) == 1);
    if (++paused.turns == flood.flooders + SOME_TURNS)
        let_them_go_on(f);
}

static void paused_flooders_cost_little_and_hold_up_nobody(void **state)
{
    static const struct script script = { .accepted = note_quiet,
                                          .data = pause_flooder,
                                          .turn = flood_and_pause,
                                          .client = dial_all,
                                          .recv_buffer = 512 * 1024 };

    make_stream();
    memset(&flood, 0, sizeof flood);
    memset(&paused, 0, sizeof paused);
    flood.flooders = FLOODERS_MAX;
    fixture_free(play(&script));
}

/* ---- nothing is lost, whatever becomes of the flooders ---- */

#define SENDERS 12
#define LENGTH  ((size_t)256 * 1024)

static struct random_source chance;

static void take_and_pause(struct served *s, uint8_t *bytes, size_t len)
{
    LOOP_CHECK(s->fixture, continues_stream(s, bytes, len));
    if (random_below(&chance, 8) == 0)
        pinion__conn_pause(s->conn);
}

static void check_whole(struct served *s)
{
    LOOP_CHECK(s->fixture, s->received_len == LENGTH);
    close_served(s);
}

static void resume_some(struct fixture *f)
{
    for (struct served *s = f->served; s; s = s->next)
        if (s->conn && random_below(&chance, 3) == 0)
            pinion__conn_resume(s->conn);
    f->wait = 1;
}

/* One after the other, as much as each takes: all have something to send, until they have sent it all. */
static void send_all(struct fixture *f)
{
    int fds[SENDERS];
    size_t sent[SENDERS] = { 0 };
    bool more = true;

    for (size_t i = 0; i < SENDERS; i++)
        fds[i] = dial(f);
    while (more) {
        more = false;
        for (size_t i = 0; i < SENDERS; i++) {
            size_t len = LENGTH - sent[i] < ENGINE_PIECE ? LENGTH - sent[i] : ENGINE_PIECE;
            ssize_t n = send(fds[i], stream + sent[i] % STREAM_PERIOD, len, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent[i] += n > 0 ? (size_t)n : 0;
            more |= sent[i] < LENGTH;
        }
    }
    for (size_t i = 0; i < SENDERS; i++)
        CLIENT_CHECK(f, shutdown(fds[i], SHUT_WR) == 0);
    for (size_t i = 0; i < SENDERS; i++)
        client_expect_fin(f, fds[i]);
}

static void send_everything(bool unix_socket)
{
    const struct script script = { .data = take_and_pause,
                                   .fin = check_whole,
                                   .turn = resume_some,
                                   .client = send_all,
                                   .unix_socket = unix_socket };

    make_stream();
    chance.state = 1;
    fixture_free(play(&script));
}

static void nothing_is_lost_of_those_who_send_a_lot(void **state)
{
    send_everything(false);
}

static void nothing_is_lost_on_unix_sockets_either(void **state)
{
    send_everything(true);
}

static void close_or_pause(struct served *s, uint8_t *bytes, size_t len)
{
    LOOP_CHECK(s->fixture, continues_stream(s, bytes, len));
    if (s->received_len > 200000 && random_below(&chance, 4) == 0)
        close_served(s);
    else if (random_below(&chance, 8) == 0)
        pinion__conn_pause(s->conn);
}

static void send_until_closed(struct fixture *f)
{
    int fds[SENDERS];
    size_t sent[SENDERS] = { 0 };
    bool more = true;

    for (size_t i = 0; i < SENDERS; i++)
        fds[i] = dial(f);
    while (more) {
        more = false;
        for (size_t i = 0; i < SENDERS; i++) {
            ssize_t n = send(fds[i], stream + sent[i] % STREAM_PERIOD, 4096, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent[i] += n > 0 ? (size_t)n : 0;
            more |= n > 0 || errno == EAGAIN;
        }
    }
}

static void those_who_send_a_lot_can_be_closed(void **state)
{
    const struct script script = { .data = close_or_pause, .turn = resume_some, .client = send_until_closed };

    make_stream();
    chance.state = 2;
    fixture_free(play(&script));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_flooder_holds_up_nobody),
        cmocka_unit_test(four_flooders_hold_up_nobody),
        cmocka_unit_test(twelve_flooders_hold_up_nobody),
        cmocka_unit_test(many_flooders_hold_up_nobody),
        cmocka_unit_test(paused_flooders_cost_little_and_hold_up_nobody),
        cmocka_unit_test(nothing_is_lost_of_those_who_send_a_lot),
        cmocka_unit_test(nothing_is_lost_on_unix_sockets_either),
        cmocka_unit_test(those_who_send_a_lot_can_be_closed),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
