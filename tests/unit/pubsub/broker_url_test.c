/* URLs of brokers: what they say, and that a wrong one is refused without a word of its secrets. */
#include "pubsub/broker_url.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_short_one(void **state)
{
    struct pinion_broker_url url;
    assert_int_equal(pinion__broker_url_read(&url, "nats://localhost", 4222), 0);
    assert_string_equal(url.scheme, "nats");
    assert_string_equal(url.host, "localhost");
    assert_int_equal(url.port, 4222);
    assert_null(url.user);
    assert_null(url.password);
    assert_string_equal(url.path, "");
    assert_null(url.node);
    assert_string_equal(url.prefix, "pinion");
    assert_false(url.topics);
    assert_int_equal(url.buffer, 8 << 20);
    pinion__broker_url_release(&url);
}

static void everything_at_once(void **state)
{
    struct pinion_broker_url url;
    const char *text = "rediss://us%40er:p%3A%2Fw@[::1]:6380/3?topics=1&node=a%20b&prefix=chat-2&buffer=65536"
                       "&ca=/etc/ca.pem&cert=c.pem&key=k.pem";
    assert_int_equal(pinion__broker_url_read(&url, text, 6379), 0);
    assert_string_equal(url.scheme, "rediss");
    assert_string_equal(url.user, "us@er");
    assert_string_equal(url.password, "p:/w");
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 6380);
    assert_string_equal(url.path, "3");
    assert_true(url.topics);
    assert_string_equal(url.node, "a b");
    assert_string_equal(url.prefix, "chat-2");
    assert_int_equal(url.buffer, 65536);
    assert_string_equal(url.ca, "/etc/ca.pem");
    assert_string_equal(url.cert, "c.pem");
    assert_string_equal(url.key, "k.pem");
    pinion__broker_url_release(&url);
}

static void a_user_or_a_password_may_stand_alone(void **state)
{
    struct pinion_broker_url url;
    assert_int_equal(pinion__broker_url_read(&url, "nats://token@h", 1), 0);
    assert_string_equal(url.user, "token");
    assert_null(url.password);
    pinion__broker_url_release(&url);
    assert_int_equal(pinion__broker_url_read(&url, "redis://:word@h", 1), 0);
    assert_null(url.user);
    assert_string_equal(url.password, "word");
    pinion__broker_url_release(&url);
}

static void what_is_wrong_is_refused_without_its_secrets(void **state)
{
    static const struct {
        const char *text, *word;
    } wrong[] = {
        { "nats", "scheme" },
        { "nats:secret@h", "scheme" },
        { "nats://", "host" },
        { "nats://u:secret@", "host" },
        { "nats://u:secret@:4222", "host" },
        { "nats://u:secret@h:", "port" },
        { "nats://u:secret@h:0", "port" },
        { "nats://u:secret@h:65536", "port" },
        { "nats://u:secret@h:1x", "port" },
        { "nats://u:secret@h:-1", "port" },
        { "nats://u:secret@[::1", "bracket" },
        { "nats://u:secret@[::1]x", "port" },
        { "nats://u:secret%@h", "password" },
        { "nats://u%zz:secret@h", "user" },
        { "nats://u:secret@h?topic=1", "\"topic\"" },
        { "nats://u:secret@h?topics", "\"topics\"" },
        { "nats://u:secret@h?topics=yes", "\"topics\"" },
        { "nats://u:secret@h?node=", "\"node\"" },
        { "nats://u:secret@h?prefix=a.b", "\"prefix\"" },
        { "nats://u:secret@h?prefix=", "\"prefix\"" },
        { "nats://u:secret@h?cluster=a.b", "\"cluster\"" },
        { "nats://u:secret@h?cluster=", "\"cluster\"" },
        { "nats://u:secret@h?buffer=1", "\"buffer\"" },
        { "nats://u:secret@h?buffer=1e6", "\"buffer\"" },
        { "nats://u:secret@h?buffer=-1", "\"buffer\"" },
        { "nats://u:secret@h?node=%zz", "escape" },
        { "nats://u:secret@h?node=a@b&topic=1", "\"topic\"" },
        { "nats://u:secret@h?topic=a@b", "%40" },
        { "nats://sec?secret@h", "%3F" },
        { "nats://u:1?secret=1@h?topics=1", "%3F" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct pinion_broker_url url;
        assert_int_equal(pinion__broker_url_read(&url, wrong[i].text, 1), PINION_EINVAL);
        pinion__broker_url_release(&url);
        if (!strstr(pinion_error_detail(), wrong[i].word) || strstr(pinion_error_detail(), "secret"))
            fail_msg("%s: %s", wrong[i].text, pinion_error_detail());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_one),
        cmocka_unit_test(everything_at_once),
        cmocka_unit_test(a_user_or_a_password_may_stand_alone),
        cmocka_unit_test(what_is_wrong_is_refused_without_its_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
