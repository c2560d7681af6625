/* What a transport says of the request that brought a client: the address is looked up when somebody asks. */
#include "engine/who.h"
#include "helpers/engine.h"
#include "helpers/no_transport.h"

static struct {
    bool asks;        /* connect does */
    unsigned lookups; /* of the transport */
    char peer[64];    /* what connect was told */
    uint16_t port;
    pinion_socket *socket;
} seen;

static pinion_result on_connect(pinion_socket *socket, const pinion_payload *params,
                                const pinion_connect_info *info)
{
    if (seen.asks) {
        snprintf(seen.peer, sizeof seen.peer, "%s", pinion_connect_peer(info));
        seen.port = pinion_connect_peer_port(info);
    }
    return pinion_ok(NULL);
}

static const char *look_up(void *request, uint16_t *port)
{
    assert_ptr_equal(request, &seen);
    seen.lookups++;
    *port = 4711;
    return "203.0.113.7";
}

static void tell_peer(void *conn, char *text, size_t size)
{
    snprintf(text, size, "203.0.113.7");
}

static void connect_with(const pinion_connect_info *info, bool asks)
{
    static const pinion_socket_def def = { .connect = on_connect };
    static pinion_transport transport;
    transport = no_transport;
    transport.peer = tell_peer;
    memset(&seen, 0, sizeof seen);
    seen.asks = asks;
    ok(pinion_endpoint_socket(pinion_test_endpoint(test), "/socket", &def, NULL));
    ok(pinion_transport_connect(pinion_test_endpoint(test), "/socket", &transport, &seen, "vsn=2.0.0", info,
                                &seen.socket, NULL));
}

static int leave(void **state)
{
    pinion_transport_ended(seen.socket);
    pinion_test_run(test);
    return teardown(state);
}

static void expect_name(const char *name)
{
    char who[PINION_WHO];
    assert_string_equal(pinion__who(who, seen.socket), name);
}

static void an_address_is_not_looked_up_unless_somebody_asks(void **state)
{
    connect_with(&(pinion_connect_info){ .request = &seen, .find_peer = look_up }, false);
    assert_int_equal(seen.lookups, 0);
    expect_name("peer 203.0.113.7");
}

static void an_address_is_looked_up_for_connect(void **state)
{
    connect_with(&(pinion_connect_info){ .request = &seen, .find_peer = look_up }, true);
    assert_string_equal(seen.peer, "203.0.113.7");
    assert_int_equal(seen.port, 4711);
}

static void a_known_address_is_not_looked_up(void **state)
{
    connect_with(
        &(pinion_connect_info){
            .request = &seen, .peer = "2001:db8::1", .peer_port = 1, .find_peer = look_up },
        true);
    assert_int_equal(seen.lookups, 0);
    assert_string_equal(seen.peer, "2001:db8::1");
    assert_int_equal(seen.port, 1);
    expect_name("peer 2001:db8::1"); /* the transport would tell the proxy's */
}

static void there_may_be_no_address(void **state)
{
    connect_with(&(pinion_connect_info){ .request = &seen }, true);
    assert_string_equal(seen.peer, "");
    assert_int_equal(seen.port, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_address_is_not_looked_up_unless_somebody_asks),
        CASE(an_address_is_looked_up_for_connect),
        CASE(a_known_address_is_not_looked_up),
        CASE(there_may_be_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
