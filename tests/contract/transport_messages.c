/* What a transport carries: connects, and frames both ways, whole and in order. */
#include "contract/transport_suite.h"

/* ---- connecting ---- */

static void a_client_is_let_in_at_once_or_later(void **state)
{
    serve(NULL);
    void *at_once = connected("vsn=2.0.0"), *later = connected("vsn=2.0.0&later=1");
    still_works(later);
    still_works(at_once);
    carrier->hang_up(at_once);
    carrier->hang_up(later);
}

static void a_client_is_refused_at_once_or_later(void **state)
{
    void *client;
    serve(NULL);
    assert_int_equal(carrier->connect("vsn=2.0.0&refuse=1", &client), PINION_EACCES);
    assert_int_equal(carrier->connect("vsn=2.0.0&refuse=1&later=1", &client), PINION_EACCES);
    assert_int_equal(now().sockets, 0);
}

/* ---- channels ---- */

static void a_topic_is_joined_and_left(void **state)
{
    serve(NULL);
    void *client = joined("room:1");
    say(client, "[\"1\",\"2\",\"room:1\",\"phx_leave\",{}]");
    hear(client, "[\"1\",\"2\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    hear(client, "[\"1\",\"1\",\"room:1\",\"phx_close\",{}]");
    await_terminated(1);
    assert_int_equal(last_reason(), PINION_REASON_LEFT);
    still_works(client);
    carrier->hang_up(client);
}

static void a_join_is_refused(void **state)
{
    serve(NULL);
    void *client = connected("vsn=2.0.0");
    say(client, "[\"1\",\"1\",\"room:1\",\"phx_join\",{\"refuse\":true}]");
    hear(client, "[\"1\",\"1\",\"room:1\",\"phx_reply\","
                 "{\"status\":\"error\",\"response\":{\"reason\":\"refused\"}}]");
    carrier->hang_up(client);
}

static void pushes_and_broadcasts_come(void **state)
{
    serve(NULL);
    void *one = joined("room:1"), *other = joined("room:1");
    say(one, "[\"1\",\"2\",\"room:1\",\"push\",{\"n\":1}]");
    hear(one, "[\"1\",null,\"room:1\",\"pushed\",{\"n\":1}]");
    hear(one, "[\"1\",\"2\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    say(one, "[\"1\",\"3\",\"room:1\",\"shout\",{\"n\":2}]");
    hear(one, "[null,null,\"room:1\",\"shout\",{\"n\":2}]");
    hear(other, "[null,null,\"room:1\",\"shout\",{\"n\":2}]");
    carrier->hang_up(one);
    carrier->hang_up(other);
}

/* ---- frames ---- */

#define MANY 300

static void frames_keep_their_order(void **state)
{
    char text[200];
    serve(NULL);
    void *client = joined("room:1");
    for (int n = 0; n < MANY; n++) {
        snprintf(text, sizeof text, "[\"1\",\"%d\",\"room:1\",\"echo\",{\"n\":%d}]", n, n);
        say(client, text);
    }
    for (int n = 0; n < MANY; n++) {
        snprintf(text, sizeof text,
                 "[\"1\",\"%d\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"n\":%d}}]", n, n);
        hear(client, text);
    }
    carrier->hang_up(client);
}

/* The engine holds frames back until a join that takes its time is answered. */
static void frames_that_are_held_back_keep_their_order(void **state)
{
    char text[200];
    serve(NULL);
    void *client = joined("room:1");
    say(client, "[\"2\",\"2\",\"room:2\",\"phx_join\",{\"late\":true}]");
    for (int n = 0; n < MANY; n++) {
        snprintf(text, sizeof text, "[\"2\",\"%d\",\"room:2\",\"echo\",{\"n\":%d}]", n, n);
        say(client, text);
    }
    hear(client, "[\"2\",\"2\",\"room:2\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"late\":true}}]");
    for (int n = 0; n < MANY; n++) {
        snprintf(text, sizeof text,
                 "[\"2\",\"%d\",\"room:2\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"n\":%d}}]", n, n);
        hear(client, text);
    }
    carrier->hang_up(client);
}

/* Characters that framings are made of. */
#define AWKWARD "{\"s\":\"\\n\\r\\u0000\\u2028\\\"\\\\ \xc3\xa9\xf0\x9f\x98\x80\",\"[\":[]}"

static void any_text_is_carried(void **state)
{
    serve(NULL);
    void *client = joined("room:1");
    say(client, "[\"1\",\"2\",\"room:1\",\"echo\"," AWKWARD "]");
    hear(client, "[\"1\",\"2\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":" AWKWARD "}]");
    carrier->hang_up(client);
}

static void binary_goes_up_where_it_can(void **state)
{
    static const char push[] = "\0\1\1\6\7"
                               "1"
                               "2"
                               "room:1"
                               "measure"
                               "\n\0\xff\r";
    serve(NULL);
    void *client = joined("room:1");
    if (carrier->binary_up) {
        say_binary(client, push, sizeof push - 1);
        hear(client, "[\"1\",\"2\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":"
                     "{\"size\":4,\"sum\":278}}]");
    }
    carrier->hang_up(client);
}

/* Where it cannot, it is counted, and what comes after it is carried. */
static void binary_comes_down_where_it_can(void **state)
{
    static const char pushed[] = "\0\1\6\6"
                                 "1"
                                 "room:1"
                                 "pushed"
                                 "\n\0\xff\r";
    serve(NULL);
    void *client = joined("room:1");
    say(client, "[\"1\",\"2\",\"room:1\",\"push_binary\",{}]");
    if (carrier->binary_down) {
        struct transport_event event = carrier->next(client);
        assert_int_equal(event.kind, TRANSPORT_BINARY);
        assert_int_equal(event.length, sizeof pushed - 1);
        assert_memory_equal(event.bytes, pushed, event.length);
    }
    hear(client, "[\"1\",\"2\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    still_works(client);
    carrier->hang_up(client);
}

static const struct CMUnitTest tests[] = {
    TRANSPORT_TEST(a_client_is_let_in_at_once_or_later),
    TRANSPORT_TEST(a_client_is_refused_at_once_or_later),
    TRANSPORT_TEST(a_topic_is_joined_and_left),
    TRANSPORT_TEST(a_join_is_refused),
    TRANSPORT_TEST(pushes_and_broadcasts_come),
    TRANSPORT_TEST(frames_keep_their_order),
    TRANSPORT_TEST(frames_that_are_held_back_keep_their_order),
    TRANSPORT_TEST(any_text_is_carried),
    TRANSPORT_TEST(binary_goes_up_where_it_can),
    TRANSPORT_TEST(binary_comes_down_where_it_can),
};
const struct part transport_messages = { "messages", tests, sizeof tests / sizeof *tests };
