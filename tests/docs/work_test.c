/* docs/channels.md, "Work off the loop". */
#include "docs/snippet.h"

/* The application's search, which takes its time. */
static json_t *index_search(const char *text)
{
    return json_pack("[s]", text);
}

/* ---- the snippet ---- */

struct search {
    char *text;
    pinion_payload *reply; /* NULL until found */
};

static void search_free(struct search *search)
{
    pinion_payload_unref(search->reply);
    free(search->text);
    free(search);
}

static void find(void *data)
{
    struct search *search = data;
    search->reply = pinion_json("{s:o}", "hits", index_search(search->text));
}

static pinion_result found(pinion_channel *channel, int status, void *data)
{
    struct search *search = data;
    pinion_result answer = status == 0 ? pinion_ok(pinion_payload_ref(search->reply)) : pinion_noreply();
    search_free(search);
    return answer;
}

static pinion_result search(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const char *text = json_string_value(pinion_payload_get(payload, "text"));
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return pinion_crash();
    search->text = strdup(text ? text : "");
    if (!search->text || pinion_channel_work(channel, find, found, search) != 0) {
        search_free(search);
        return pinion_crash();
    }
    return pinion_later();
}

/* ---- its tests ---- */

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static const pinion_channel_def shop_channel = {
    .handle_in = PINION_CLAUSES({ "search", search }, { "echo", echo }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "shop:*", &shop_channel }),
};

static void the_answer_comes_before_that_of_what_waited(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "shop:1", NULL);
    int search_ref = pinion_test_push(ann, "shop:1", "search", pinion_json("{s:s}", "text", "tea"));
    int echo_ref = pinion_test_push(ann, "shop:1", "echo", NULL);
    ok(pinion_test_expect_reply(ann, search_ref, "ok", "{\"hits\":[\"tea\"]}"));
    ok(pinion_test_expect_reply(ann, echo_ref, "ok", NULL));
}

static void who_goes_meanwhile_leaves_nothing(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "shop:1", NULL);
    ok(pinion_test_push(ann, "shop:1", "search", pinion_json("{s:s}", "text", "tea")));
    pinion_test_disconnect(ann);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_answer_comes_before_that_of_what_waited, setup, teardown),
        cmocka_unit_test_setup_teardown(who_goes_meanwhile_leaves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
