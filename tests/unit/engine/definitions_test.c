/* Definitions of programs whose headers are of another release; tests/build/previous.c compiles some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/definitions.h"
#include <stdlib.h>
#include <string.h>

static pinion_result take(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

/* What a program of a later release would have. */
struct later_clause {
    pinion_clause clause;
    long later;
};
struct later_route {
    pinion_route route;
    long later;
};

static void of_our_length_are_used_where_they_lie(void **state)
{
    static const pinion_channel_def room;
    const pinion_socket_def def = { .channels = PINION_ROUTES({ "a", &room }) }, *ours;
    const pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof def);
    struct pinion_definitions definitions = { NULL };
    assert_int_equal(pinion__definitions_socket(&definitions, &def, &sizes, &ours), 0);
    assert_ptr_equal(ours, &def);
    assert_null(definitions.first);
}

static void shorter_ones_are_filled_up(void **state)
{
    /* Garbage is where the missing members would be. */
    pinion_channel_def room;
    pinion_socket_def def;
    const pinion_socket_def *ours;
    const pinion_clause clauses[] = { { "x", take }, { NULL, NULL } };
    memset(&room, 0xa5, sizeof room);
    memset(&def, 0xa5, sizeof def);
    room.join = NULL;
    room.after_join = NULL;
    room.handle_in = clauses;
    const pinion_route routes[] = { { "a", &room }, { "b", &room }, { "none", NULL }, { NULL, NULL } };
    def.channels = routes;
    pinion_mount_sizes sizes = pinion_mount_sizes_of(offsetof(pinion_socket_def, connect));
    sizes.channel_def = offsetof(pinion_channel_def, handle_out);
    struct pinion_definitions definitions = { NULL };
    assert_int_equal(pinion__definitions_socket(&definitions, &def, &sizes, &ours), 0);
    assert_true(!ours->connect && !ours->id);
    assert_string_equal(ours->channels[1].topic, "b");
    assert_null(ours->channels[3].topic);
    const pinion_channel_def *channel = ours->channels[0].channel;
    assert_ptr_equal(ours->channels[1].channel, channel); /* still one channel */
    assert_null(ours->channels[2].channel);
    assert_true(!channel->join && !channel->handle_out && !channel->handle_info && !channel->terminate);
    assert_ptr_equal(channel->handle_in[0].fn, take);
    assert_null(channel->handle_in[1].event);
    pinion__definitions_release(&definitions);
}

static void tables_of_longer_entries_are_read(void **state)
{
    struct later_clause clauses[] = { { { "x", take }, 0 }, { { "y", take }, 0 }, { { NULL, NULL }, 0 } };
    pinion_channel_def room = { .handle_in = &clauses[0].clause, .handle_out = &clauses[0].clause };
    struct later_route routes[] = { { { "a", &room }, 0 }, { { "b", &room }, 0 }, { { NULL, NULL }, 0 } };
    pinion_socket_def def = { .channels = &routes[0].route };
    const pinion_socket_def *ours;
    pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof def);
    sizes.route = sizeof *routes;
    sizes.clause = sizeof *clauses;
    struct pinion_definitions definitions = { NULL };
    assert_int_equal(pinion__definitions_socket(&definitions, &def, &sizes, &ours), 0);
    assert_string_equal(ours->channels[1].topic, "b");
    assert_string_equal(ours->channels[1].channel->handle_in[1].event, "y");
    assert_string_equal(ours->channels[1].channel->handle_out[1].event, "y");
    pinion__definitions_release(&definitions);

    clauses[1].later = 1;
    assert_int_equal(pinion__definitions_socket(&definitions, &def, &sizes, &ours), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "pinion_clause"));
    pinion__definitions_release(&definitions);
    clauses[1].later = 0;
    routes[1].later = 1;
    assert_int_equal(pinion__definitions_socket(&definitions, &def, &sizes, &ours), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "pinion_route"));
    pinion__definitions_release(&definitions);
}

/* For other languages: nobody walks in place. */
static void a_size_that_is_none_is_refused(void **state)
{
    const pinion_socket_def def = { .channels = PINION_ROUTES({ "a", NULL }) }, *ours;
    pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof def);
    struct pinion_definitions definitions = { NULL };
    sizes.route = 0;
    assert_int_equal(pinion__definitions_socket(&definitions, &def, &sizes, &ours), PINION_EINVAL);
    pinion__definitions_release(&definitions);
}

static int decode(bool binary, pinion_slice bytes, pinion_message *message, pinion_message_scratch *scratch)
{
    return PINION_EPROTO;
}

static int encode(const pinion_message *message, pinion_frame **out)
{
    return PINION_ENOTSUP;
}

static int take_serializer(const pinion_serializer *serializer)
{
    const pinion_socket_options options = { .serializers = PINION_SERIALIZERS({ "3.0", serializer }) };
    const pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof(pinion_socket_def));
    pinion_socket_options ours;
    struct pinion_definitions definitions = { NULL };
    int rc = pinion__definitions_options(&definitions, &options, &sizes, &ours);
    if (!rc)
        assert_ptr_equal(ours.serializers[0].serializer, serializer);
    pinion__definitions_release(&definitions);
    return rc;
}

static void a_serializer_says_its_size_and_has_all_functions(void **state)
{
    const pinion_serializer whole = { .size = sizeof whole, .name = "w", .decode = decode, .encode = encode };
    pinion_serializer lacking = whole;
    assert_int_equal(take_serializer(&whole), 0);
    lacking.size = 0;
    assert_int_equal(take_serializer(&lacking), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "sizeof(pinion_serializer)"));
    lacking = whole;
    lacking.encode = NULL;
    assert_int_equal(take_serializer(&lacking), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "lacks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_our_length_are_used_where_they_lie),
        cmocka_unit_test(shorter_ones_are_filled_up),
        cmocka_unit_test(tables_of_longer_entries_are_read),
        cmocka_unit_test(a_size_that_is_none_is_refused),
        cmocka_unit_test(a_serializer_says_its_size_and_has_all_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
