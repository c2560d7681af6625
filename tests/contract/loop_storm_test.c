/* The contract in a storm: connections that come and go while both sides do whatever they may, at random but
 * the same every time. What must hold: every stream is a row of whole frames in order, each connection is
 * closed once, and nothing is left (the fixture's checks). */
#include "helpers/random.h"
#include "loop_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS       40
#define STEPS       20000
#define BACKLOG_MAX ((size_t)1 << 20)
#define SMALL       300
#define LARGE       (150 * 1024)

/* A frame on the wire: this, and bytes of a pattern that its number chooses. */
struct head {
    uint32_t len;
    uint32_t number;
};

/* The loop's side */

static struct random_source server_source;
static uint32_t next_number;

static void queue_something(struct served *s)
{
    static uint8_t bytes[sizeof(struct head) + LARGE];
    size_t most = random_below(&server_source, 40) ? SMALL : LARGE;
    struct head head = { (uint32_t)random_below(&server_source, most), next_number++ };

    if (pinion__conn_queued(s->conn) > BACKLOG_MAX)
        return;
    memcpy(bytes, &head, sizeof head);
    pattern_fill(bytes + sizeof head, head.len, 0, head.number);
    (void)queue_bytes(s, bytes, sizeof head + head.len); /* it may be closed, or shut down */
}

static void queue_several(struct served *s)
{
    for (uint64_t i = random_below(&server_source, 6); i > 0; i--)
        queue_something(s);
}

static void act_on(struct served *s)
{
    switch (random_below(&server_source, 32)) {
    case 0:
        if (s->conn && !s->closed_after)
            close_served(s);
        break;
    case 1:
        pinion__conn_shutdown(s->conn);
        break;
    case 2:
    case 3:
        pinion__conn_drop_queue(s->conn);
        break;
    case 4:
    case 5:
    case 6:
        pinion__conn_pause(s->conn);
        break;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
        pinion__conn_resume(s->conn);
        break;
    case 12:
    case 13:
        (void)pinion__conn_flush(s->conn);
        break;
    default:
        queue_several(s);
        break;
    }
}

static void act(struct served *s)
{
    for (uint64_t i = random_below(&server_source, 3); i > 0; i--)
        act_on(s);
}

static void act_on_data(struct served *s, uint8_t *bytes, size_t len)
{
    memset(bytes, 0xee, len);
    act(s);
}

/* A peer that is gone may be owed an event that waits for the end of a pause. */
static void end_all(struct fixture *f)
{
    for (struct served *s = f->served; s; s = s->next)
        if (s->conn && !s->closed_after)
            close_served(s);
}

/* Also on connections that had no event. */
static void act_in_turn(struct fixture *f)
{
    if (atomic_load(&f->client_done)) {
        end_all(f);
        return;
    }
    for (struct served *s = f->served; s; s = s->next)
        if (s->conn && random_below(&server_source, 20) == 0)
            act(s);
}

/* The client's side */

struct slot {
    int fd;        /* -1: free */
    uint32_t last; /* number of a frame that came */
    struct head head;
    size_t got; /* of the frame that comes, its head included */
};

static struct random_source client_source;

static size_t take_head(struct fixture *f, struct slot *slot, const uint8_t *bytes, size_t len)
{
    size_t wanted = sizeof slot->head - slot->got;
    size_t taken = len < wanted ? len : wanted;

    memcpy((uint8_t *)&slot->head + slot->got, bytes, taken);
    slot->got += taken;
    if (slot->got == sizeof slot->head) {
        CLIENT_CHECK(f, slot->head.len < LARGE && slot->head.number > slot->last);
        slot->last = slot->head.number;
    }
    return taken;
}

static size_t take_body(struct fixture *f, struct slot *slot, const uint8_t *bytes, size_t len)
{
    size_t offset = slot->got - sizeof slot->head;
    size_t taken = slot->head.len - offset < len ? slot->head.len - offset : len;

    CLIENT_CHECK(f, pattern_matches(bytes, taken, offset, slot->head.number));
    slot->got += taken;
    return taken;
}

static void take(struct fixture *f, struct slot *slot, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        bool in_head = slot->got < sizeof slot->head;
        size_t taken = in_head ? take_head(f, slot, bytes, len) : take_body(f, slot, bytes, len);
        bytes += taken;
        len -= taken;
        if (slot->got >= sizeof slot->head && slot->got == sizeof slot->head + slot->head.len)
            slot->got = 0;
    }
}

static void forget(struct slot *slot)
{
    *slot = (struct slot){ .fd = -1 };
}

static void read_some(struct fixture *f, struct slot *slot)
{
    static uint8_t bytes[64 * 1024];
    size_t most = random_below(&client_source, 4) ? sizeof bytes : 7;
    ssize_t len = recv(slot->fd, bytes, most, MSG_DONTWAIT);

    if (len > 0) {
        take(f, slot, bytes, (size_t)len);
    } else if (len == 0 || errno != EAGAIN) {
        hang_up(f, slot->fd);
        forget(slot);
    }
}

static void send_some(struct slot *slot)
{
    static const uint8_t bytes[20000];
    size_t most = random_below(&client_source, 10) ? 200 : sizeof bytes;

    (void)!send(slot->fd, bytes, 1 + random_below(&client_source, most), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void leave(struct fixture *f, struct slot *slot)
{
    switch (random_below(&client_source, 3)) {
    case 0:
        reset(f, slot->fd);
        break;
    case 1:
        hang_up(f, slot->fd);
        break;
    default:
        (void)shutdown(slot->fd, SHUT_WR);
        return;
    }
    forget(slot);
}

static void step(struct fixture *f, struct slot *slot)
{
    if (slot->fd < 0) {
        slot->fd = dial(f);
        return;
    }
    switch (random_below(&client_source, 16)) {
    case 0:
        leave(f, slot);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        send_some(slot);
        break;
    default:
        read_some(f, slot);
        break;
    }
}

static void storm(struct fixture *f)
{
    struct slot slots[SLOTS];

    for (int i = 0; i < SLOTS; i++)
        forget(&slots[i]);
    for (int i = 0; i < STEPS; i++)
        step(f, &slots[random_below(&client_source, SLOTS)]);
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].fd >= 0)
            leave(f, &slots[i]);
}

static void play_with_seed(uint64_t seed)
{
    static const struct script script = {
        .accepted = act,
        .data = act_on_data,
        .fin = act,
        .drained = act,
        .turn = act_in_turn,
        .client = storm,
        .send_buffer = 16 * 1024,
        .client_recv_buffer = 16 * 1024,
    };

    server_source = (struct random_source){ seed };
    client_source = (struct random_source){ ~seed };
    next_number = 1;
    struct fixture *f = play(&script);
    assert_true(f->accepted >= SLOTS);
    assert_int_equal(f->accepted, f->closed);
    fixture_free(f);
}

static void nothing_is_lost_mixed_up_or_left(void **state)
{
    for (uint64_t seed = 1; seed <= 8; seed++)
        play_with_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_mixed_up_or_left),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
