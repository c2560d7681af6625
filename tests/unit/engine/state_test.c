/* The user's state of a channel and of a socket: a destructor may look at what it belongs to, and never finds
 * there what it is just destroying. */
#include "helpers/engine.h"

enum { FIRST, SECOND, THIRD, COUNT };

/* A channel or a socket: whatever has a state. */
struct owner {
    pinion_channel *channel;
    pinion_socket *socket; /* where there is no channel */
};

struct own_state {
    struct owner owner;
    struct own_state *next; /* the destructor sets it */
    int destroyed;
    void *found; /* what the destructor saw as the state */
};

static struct own_state states[COUNT];

static void *get(struct owner owner)
{
    return owner.channel ? pinion_channel_state(owner.channel) : pinion_socket_state(owner.socket);
}

static void set(struct owner owner, struct own_state *own);

static void destroy(void *state)
{
    struct own_state *own = state;
    own->destroyed++;
    own->found = get(own->owner);
    if (own->next)
        set(own->owner, own->next);
}

static void set(struct owner owner, struct own_state *own)
{
    own->owner = owner;
    if (owner.channel)
        pinion_channel_set_state(owner.channel, own, destroy);
    else
        pinion_socket_set_state(owner.socket, own, destroy);
}

static void replace(struct owner owner)
{
    set(owner, &states[FIRST]);
    assert_ptr_equal(get(owner), &states[FIRST]);
    set(owner, &states[SECOND]);
    assert_int_equal(states[FIRST].destroyed, 1);
}

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    replace((struct owner){ .socket = socket });
    return pinion_ok(NULL);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    replace((struct owner){ .channel = channel });
    return pinion_ok(NULL);
}

static const pinion_channel_def plain = { 0 }, stateful = { .join = join };
static const pinion_socket_def of_socket = { .connect = connect, .channels = PINION_ROUTES({ "r", &plain }) };
static const pinion_socket_def of_channel = { .channels = PINION_ROUTES({ "r", &stateful }) };

/* A client that comes, joins and goes, with the socket and its channel. */
static void come_and_go(const pinion_socket_def *def)
{
    pinion_test_client *client = connected(def);
    ok(pinion_test_join(client, "r", NULL));
    pinion_test_disconnect(client);
    pinion_test_run(test);
}

static void check_replaced(const pinion_socket_def *def)
{
    come_and_go(def);
    assert_ptr_equal(states[FIRST].found, &states[SECOND]);
    assert_int_equal(states[SECOND].destroyed, 1);
    assert_null(states[SECOND].found);
}

static void check_set_by_a_destructor(const pinion_socket_def *def)
{
    states[SECOND].next = &states[THIRD];
    come_and_go(def);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(states[i].destroyed, 1);
}

static void a_destructor_finds_what_came_after(void **state)
{
    check_replaced(&of_channel);
}

static void a_destructor_finds_what_came_after_on_a_socket(void **state)
{
    check_replaced(&of_socket);
}

static void what_a_destructor_sets_is_destroyed_too(void **state)
{
    check_set_by_a_destructor(&of_channel);
}

static void what_a_destructor_sets_is_destroyed_too_on_a_socket(void **state)
{
    check_set_by_a_destructor(&of_socket);
}

static int setup_states(void **state)
{
    memset(states, 0, sizeof states);
    return setup(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_states, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_destructor_finds_what_came_after),
        T(a_destructor_finds_what_came_after_on_a_socket),
        T(what_a_destructor_sets_is_destroyed_too),
        T(what_a_destructor_sets_is_destroyed_too_on_a_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
