/* The log: levels, escaping, the application's function, and the line on stderr. */
#include "base/log.h"
#include "helpers/capture.h"
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct received {
    int count;
    pinion_log_level level;
    char line[8000];
};

static void receive(pinion_log_level level, const char *line, void *data)
{
    struct received *received = data;

    received->count++;
    received->level = level;
    strncpy(received->line, line, sizeof(received->line) - 1);
    errno = EPERM;
}

static struct received received;

static int use_receiver(void **state)
{
    memset(&received, 0, sizeof(received));
    pinion_log_set_function(receive, &received);
    pinion_log_set_level(PINION_LOG_INFO);
    return 0;
}

static int use_stderr(void **state)
{
    pinion_log_set_function(NULL, NULL);
    pinion_log_set_level(PINION_LOG_INFO);
    return 0;
}

static void a_word_that_is_no_level_is_refused(void **state)
{
    static const char *const words[] = { "", "inf", "infos", "INFO", " info", "warn", NULL };
    pinion_log_level level = PINION_LOG_WARNING;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_int_equal(pinion_log_level_parse(words[i], &level), PINION_EINVAL);
    assert_int_equal(level, PINION_LOG_WARNING);
}

static void every_level_has_a_word(void **state)
{
    static const char *const words[] = { "debug", "info", "warning", "error", "none" };
    pinion_log_level level;

    for (int i = PINION_LOG_DEBUG; i <= PINION_LOG_NONE; i++) {
        assert_int_equal(pinion_log_level_parse(words[i], &level), 0);
        assert_int_equal(level, i);
    }
}

static void lines_below_the_level_are_not_written(void **state)
{
    for (int least = PINION_LOG_DEBUG; least <= PINION_LOG_NONE; least++) {
        pinion_log_set_level((pinion_log_level)least);
        for (int level = PINION_LOG_DEBUG; level < PINION_LOG_NONE; level++) {
            received.count = 0;
            pinion__log((pinion_log_level)level, "line");
            assert_int_equal(received.count, level >= least);
            assert_int_equal(pinion__log_enabled((pinion_log_level)level), level >= least);
        }
    }
}

static void nothing_is_logged_at_level_none(void **state)
{
    pinion__log(PINION_LOG_NONE, "line");
    assert_int_equal(received.count, 0);
}

static void bytes_a_peer_chose_cannot_forge_a_line(void **state)
{
    pinion__log(PINION_LOG_WARNING, "topic %s", "a\r\nb\x1b[2J\x7f\xc2\x9b\xff\ttab");
    assert_string_equal(received.line, "topic a\\x0d\\x0ab\\x1b[2J\\x7f\\xc2\\x9b\\xff\\x09tab");
    assert_int_equal(received.level, PINION_LOG_WARNING);
}

static void printable_text_is_left_alone(void **state)
{
    char printable[0x7f - 0x20 + 1] = { 0 };

    for (int c = 0x20; c < 0x7f; c++)
        printable[c - 0x20] = (char)c;
    pinion__log(PINION_LOG_INFO, "%s", printable);
    assert_string_equal(received.line, printable);
}

static void a_long_message_is_cut_and_says_so(void **state)
{
    char text[5000];

    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pinion__log(PINION_LOG_INFO, "%s", text);
    size_t length = strlen(received.line);
    assert_true(length > 1000 && length < PIPE_BUF);
    assert_string_equal(received.line + length - 7, "\\x0a...");
}

static void errno_survives(void **state)
{
    errno = ENOENT;
    pinion__log(PINION_LOG_INFO, "%m");
    assert_int_equal(errno, ENOENT);
    assert_string_equal(received.line, strerror(ENOENT));
}

static void log_to_stderr(pinion_log_level level, const char *message, char *out, size_t size)
{
    struct capture capture = { 0 };

    assert_int_equal(capture_begin(&capture), 0);
    pinion__log(level, "%s", message);
    capture_end(&capture, out, size);
}

/* By the clock of the stamps: time() is a tick behind it. */
static time_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void stderr_gets_stamp_level_and_message(void **state)
{
    char line[200];
    struct tm utc;
    time_t before = seconds_now();

    log_to_stderr(PINION_LOG_ERROR, "listener broke\n", line, sizeof(line));
    memset(&utc, 0, sizeof(utc));
    const char *rest = strptime(line, "%Y-%m-%dT%H:%M:%S", &utc);
    assert_non_null(rest);
    assert_in_range(timegm(&utc), before, seconds_now());
    assert_int_equal(rest[0], '.');
    assert_int_equal(strspn(rest + 1, "0123456789"), 3);
    assert_string_equal(rest + 4, "Z [error] listener broke\\x0a\n");
}

static void stderr_gets_nothing_below_the_level(void **state)
{
    char line[200];

    log_to_stderr(PINION_LOG_DEBUG, "detail", line, sizeof(line));
    assert_string_equal(line, "");
}

/* ---- JSON ---- */

static int use_json(void **state)
{
    pinion_log_set_format(PINION_LOG_FORMAT_JSON);
    return use_stderr(state);
}

static int use_text(void **state)
{
    pinion_log_set_format(PINION_LOG_FORMAT_TEXT);
    return 0;
}

static void formats_have_words(void **state)
{
    static const char *const words[] = { "", "JSON", "texts", NULL };
    pinion_log_format format = PINION_LOG_FORMAT_JSON;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_int_equal(pinion_log_format_parse(words[i], &format), PINION_EINVAL);
    assert_int_equal(format, PINION_LOG_FORMAT_JSON);
    assert_int_equal(pinion_log_format_parse("text", &format), 0);
    assert_int_equal(format, PINION_LOG_FORMAT_TEXT);
    assert_int_equal(pinion_log_format_parse("json", &format), 0);
    assert_int_equal(format, PINION_LOG_FORMAT_JSON);
}

/* The line as JSON. The message is the caller's. */
static char *logged_as_json(const char *message)
{
    char line[5000];
    const char *time, *level, *text;

    log_to_stderr(PINION_LOG_WARNING, message, line, sizeof(line));
    assert_int_equal(line[strlen(line) - 1], '\n');
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 3);
    assert_int_equal(json_unpack(object, "{s:s, s:s, s:s}", "time", &time, "level", &level, "message", &text),
                     0);
    assert_int_equal(strlen(time), strlen("2026-01-31T12:00:00.000Z"));
    assert_string_equal(level, "warning");
    char *copy = strdup(text);
    json_decref(object);
    return copy;
}

static void a_line_can_be_json(void **state)
{
    static const struct {
        const char *message, *text;
    } cases[] = { { "plain", "plain" },
                  { "", "" },
                  { "a \"quoted\" \\ word", "a \"quoted\" \\ word" },
                  { "\"}\n{\"level\":\"error\"", "\"}\\x0a{\"level\":\"error\"" },
                  { "\xc3\xa9\xff", "\\xc3\\xa9\\xff" } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = logged_as_json(cases[i].message);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

/* Even one that is four times as long when it is escaped, and longer once more as JSON. */
static void a_long_json_line_is_whole(void **state)
{
    char message[2000];

    for (int byte = 0x01; byte < 0x7f; byte += 0x21) { /* \1, a quote, C, d */
        memset(message, byte, sizeof(message) - 1);
        message[sizeof(message) - 1] = '\0';
        char *text = logged_as_json(message);
        assert_in_range(strlen(text), 900, 3900);
        assert_string_equal(text + strlen(text) - 3, "...");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_have_words),
        cmocka_unit_test_setup_teardown(a_line_can_be_json, use_json, use_text),
        cmocka_unit_test_setup_teardown(a_long_json_line_is_whole, use_json, use_text),
        cmocka_unit_test(a_word_that_is_no_level_is_refused),
        cmocka_unit_test(every_level_has_a_word),
        cmocka_unit_test_setup(lines_below_the_level_are_not_written, use_receiver),
        cmocka_unit_test_setup(nothing_is_logged_at_level_none, use_receiver),
        cmocka_unit_test_setup(bytes_a_peer_chose_cannot_forge_a_line, use_receiver),
        cmocka_unit_test_setup(printable_text_is_left_alone, use_receiver),
        cmocka_unit_test_setup(a_long_message_is_cut_and_says_so, use_receiver),
        cmocka_unit_test_setup(errno_survives, use_receiver),
        cmocka_unit_test_setup(stderr_gets_stamp_level_and_message, use_stderr),
        cmocka_unit_test_setup(stderr_gets_nothing_below_the_level, use_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
