/* An actor for tests: what it is told it writes down, and what it is called for it does, by the name of the
 * call. */
#ifndef TESTS_HELPERS_ACTOR_H
#define TESTS_HELPERS_ACTOR_H

#include "helpers/engine.h"

static char story[2000];         /* what its callbacks were called with, in order */
static pinion_call *kept_call;   /* of "keep" */
static uint64_t last_monitor;    /* of "watch" */
static pinion_actor *last_actor; /* that was called */
static int last_code;            /* of what a callback tried */

static inline void tell(const char *what, const char *name)
{
    size_t len = strlen(story);
    snprintf(story + len, sizeof story - len, "%s%s%s%s ", what, name ? "(" : "", name ? name : "",
             name ? ")" : "");
}

static inline void expect_told(const char *expected)
{
    pinion_test_run(test);
    assert_string_equal(story, expected);
    story[0] = '\0';
}

static inline pinion_result actor_init(pinion_actor *actor, void *argument)
{
    tell("init", argument);
    return pinion_ok(NULL);
}

static inline pinion_result actor_call(pinion_actor *actor, pinion_call *call, const char *name,
                                       const pinion_payload *payload)
{
    tell("call", name);
    last_actor = actor;
    if (strcmp(name, "echo") == 0)
        return pinion_ok(pinion_payload_ref(payload));
    if (strcmp(name, "refuse") == 0)
        return pinion_error(pinion_json("{s:s}", "reason", "no"));
    if (strcmp(name, "keep") == 0)
        kept_call = pinion_call_ref(call);
    if (strcmp(name, "watch") == 0) {
        last_code = pinion_actor_monitor(actor, pinion_call_from(call), &last_monitor);
        return pinion_ok(NULL);
    }
    if (strcmp(name, "now") == 0)
        last_code = pinion_call_answer(call, pinion_ok(pinion_json("i", 1)));
    if (strcmp(name, "twice") == 0) {
        ok(pinion_call_answer(call, pinion_ok(NULL)));
        return pinion_ok(NULL);
    }
    if (strcmp(name, "stop") == 0)
        return pinion_stop(PINION_REASON_NORMAL);
    if (strcmp(name, "bye") == 0)
        return pinion_stop_reply(PINION_REASON_SHUTDOWN, "ok", pinion_json("{s:i}", "bye", 1));
    if (strcmp(name, "crash") == 0)
        return pinion_crash();
    if (strcmp(name, "poison") == 0)
        return pinion_ok(pinion_json("no format"));
    return strcmp(name, "later") == 0 || strcmp(name, "keep") == 0 ? pinion_later() : pinion_noreply();
}

static inline pinion_result actor_info(pinion_actor *actor, const pinion_info *info)
{
    last_actor = actor;
    tell(info->topic ? info->topic : info->data ? info->data : "info", info->name);
    if (strcmp(info->name, "crash") == 0)
        return pinion_crash();
    if (strcmp(info->name, "reply") == 0)
        return pinion_ok(NULL);
    if (strcmp(info->name, "stop") == 0)
        return pinion_stop(PINION_REASON_NORMAL);
    return pinion_noreply();
}

static inline void actor_terminate(pinion_actor *actor, pinion_reason reason)
{
    static const char *const names[] = { "normal", "shutdown", "error", "crash" };
    tell("end", names[reason]);
}

static inline void actor_destroyed(void *argument)
{
    tell("destroyed", argument);
}

static const pinion_actor_def plain_actor = {
    .init = actor_init, .handle_call = actor_call, .handle_info = actor_info, .terminate = actor_terminate
};

static inline pinion_actor_ref *opened_as(const char *name, const pinion_actor_def *def)
{
    pinion_actor_ref *ref = NULL;
    ok(pinion_actor_open(pinion_test_endpoint(test), name, def, (void *)name, actor_destroyed, &ref));
    return ref;
}

static inline pinion_actor_ref *opened(const char *name)
{
    return opened_as(name, &plain_actor);
}

/* ---- calls whose end is written down ---- */

static inline void call_ended(int status, const pinion_result *answer, void *data)
{
    size_t len = 0;
    char text[200];
    const char *bytes = answer ? pinion_payload_bytes(answer->payload, &len) : "";
    if (status)
        tell("ended", pinion_errname(status));
    else {
        snprintf(text, sizeof text, "%s %.*s", answer->status, (int)len, bytes);
        tell("answered", text);
    }
}

static inline int try_call(const pinion_actor_ref *ref, const char *name, uint32_t timeout_ms)
{
    return pinion_actor_call(ref, name, pinion_json("{s:i}", "n", 1),
                             &(pinion_call_options){ .timeout_ms = timeout_ms, .done = call_ended });
}

static inline void called(const pinion_actor_ref *ref, const char *name)
{
    ok(try_call(ref, name, 0));
}

static inline void sent(const pinion_actor_ref *ref, const char *name)
{
    ok(pinion_actor_send(ref, name, NULL));
}

static inline int actor_setup(void **state)
{
    story[0] = '\0';
    last_monitor = 0;
    kept_call = NULL;
    last_actor = NULL;
    last_code = 1;
    return setup(state);
}

#define ACTOR_TEST(name) cmocka_unit_test_setup_teardown(name, actor_setup, teardown)

#endif
