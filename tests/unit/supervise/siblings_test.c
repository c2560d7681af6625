/* Joining the two children of a supervisor. */
#include "supervise/siblings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned char secret[PINION_SIBLING_SECRET];
static struct pinion_lines old, next;

static int begin(void **state)
{
    return pinion__siblings_secret(secret);
}

static int end(void **state)
{
    pinion__siblings_close(&old);
    pinion__siblings_close(&next);
    return 0;
}

/* Returns the child's end of the line. */
static int ask(struct pinion_lines *mine, struct pinion_lines *others, const char *key)
{
    char text[256];
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    int len = snprintf(text, sizeof text, PINION_SIBLING_ASKS "%s", key);
    pinion__siblings_hear(mine, others, secret, text, (size_t)len, ends[1]);
    return ends[0];
}

static int hears(int line, enum pinion_sibling_word word)
{
    struct pinion_sibling_news news;
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, word);
    if (word == PINION_SIBLING_ALONE || word == PINION_SIBLING_JOINED)
        assert_memory_equal(news.secret, secret, sizeof secret);
    return news.fd;
}

static void are_joined(int one, int other)
{
    char byte = 0;
    assert_int_equal(write(one, "x", 1), 1);
    assert_int_equal(read(other, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(one);
    assert_int_equal(read(other, &byte, 1), 0); /* nobody else holds that end */
    close(other);
}

static void the_second_is_joined_with_the_first(void **state)
{
    int one = ask(&old, &next, "a");
    hears(one, PINION_SIBLING_ALONE);
    int two = ask(&next, &old, "a");
    are_joined(hears(one, PINION_SIBLING_JOINED), hears(two, PINION_SIBLING_JOINED));
    pinion__siblings_close(&next);
    hears(two, PINION_SIBLING_OVER);
    int three = ask(&next, &old, "a");
    are_joined(hears(three, PINION_SIBLING_JOINED), hears(one, PINION_SIBLING_JOINED));
    close(one);
    close(two);
    close(three);
}

static void only_lines_of_one_key_are_joined(void **state)
{
    int a = ask(&old, &next, "a"), b = ask(&old, &next, "b");
    hears(a, PINION_SIBLING_ALONE);
    hears(b, PINION_SIBLING_ALONE);
    int c = ask(&next, &old, "c"), b2 = ask(&next, &old, "b");
    hears(c, PINION_SIBLING_ALONE);
    are_joined(hears(b, PINION_SIBLING_JOINED), hears(b2, PINION_SIBLING_JOINED));
    hears(a, PINION_SIBLING_NOTHING);
    close(a);
    close(b);
    close(c);
    close(b2);
}

static void one_that_has_stopped_listening_counts_as_gone(void **state)
{
    int one = ask(&old, &next, "a");
    close(one);
    int two = ask(&next, &old, "a");
    hears(two, PINION_SIBLING_ALONE);
    close(two);
}

static void one_that_asks_again_has_begun_anew(void **state)
{
    int one = ask(&old, &next, "a"), again = ask(&old, &next, "a");
    hears(one, PINION_SIBLING_ALONE);
    hears(one, PINION_SIBLING_OVER);
    hears(again, PINION_SIBLING_ALONE);
    assert_int_equal(old.count, 1);
    close(one);
    close(again);
}

static void what_is_too_much_or_no_question_is_closed(void **state)
{
    char key[PINION_SIBLING_KEY + 1], number[8];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    int refused[] = { ask(&old, &next, key), ask(&old, &next, "") };
    hears(refused[0], PINION_SIBLING_OVER);
    hears(refused[1], PINION_SIBLING_OVER);
    assert_int_equal(old.count, 0);
    int lines[PINION_LINES_MAX + 1];
    for (int i = 0; i <= PINION_LINES_MAX; i++) {
        snprintf(number, sizeof number, "%d", i);
        lines[i] = ask(&old, &next, number);
        hears(lines[i], i < PINION_LINES_MAX ? PINION_SIBLING_ALONE : PINION_SIBLING_OVER);
        close(lines[i]);
    }
    close(refused[0]);
    close(refused[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_is_joined_with_the_first),           TEST(only_lines_of_one_key_are_joined),
        TEST(one_that_has_stopped_listening_counts_as_gone), TEST(one_that_asks_again_has_begun_anew),
        TEST(what_is_too_much_or_no_question_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
