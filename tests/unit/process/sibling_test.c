/* Asking a supervisor for a sibling, and hearing what it says. */
#include "process/notify.h"
#include "process/passing.h"
#include "process/sibling.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const unsigned char secret[PINION_SIBLING_SECRET] = { 1, 2, 3 };
static int supervisor; /* its end of the channel */

static int without_a_supervisor(void)
{
    return !pinion__sibling_possible() && pinion__sibling_ask("key") == -1 ? 0 : -1;
}

static int begin(void **state)
{
    int ends[2];
    if (without_a_supervisor() != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    supervisor = ends[0];
    pinion__notify_by(ends[1]);
    return 0;
}

static int end(void **state)
{
    close(supervisor);
    return 0;
}

/* Ask, and take the supervisor's end of the line. */
static int ask(int *theirs)
{
    char text[64];
    int line = pinion__sibling_ask("127.0.0.1:4000");
    assert_true(line >= 0);
    ssize_t len = pinion__receive_passed(supervisor, text, sizeof text, theirs);
    assert_int_equal(len, strlen(PINION_SIBLING_ASKS "127.0.0.1:4000"));
    assert_memory_equal(text, PINION_SIBLING_ASKS "127.0.0.1:4000", (size_t)len);
    assert_true(*theirs >= 0);
    return line;
}

static void a_supervisor_answers_and_may_join_later(void **state)
{
    struct pinion_sibling_news news;
    int theirs, pair[2], line = ask(&theirs);
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_NOTHING);
    assert_true(pinion__sibling_tell(theirs, "ALONE", secret, -1));
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_ALONE);
    assert_memory_equal(news.secret, secret, sizeof secret);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(pinion__sibling_tell(theirs, "JOINED", secret, pair[0]));
    close(pair[0]);
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_JOINED);
    assert_int_equal(write(news.fd, "x", 1), 1);
    close(news.fd);
    close(pair[1]);
    close(theirs);
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_OVER);
    close(line);
}

static void what_is_not_understood_is_left_out(void **state)
{
    struct pinion_sibling_news news;
    int theirs, line = ask(&theirs);
    assert_true(pinion__sibling_tell(theirs, "DIVORCED", secret, supervisor));
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_NOTHING);
    assert_int_equal(news.fd, -1);
    assert_true(pinion__sibling_tell(theirs, "JOINED", secret, -1));
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_NOTHING);
    assert_int_equal(send(theirs, "JOINED", 6, 0), 6);
    pinion__sibling_hear(line, &news);
    assert_int_equal(news.word, PINION_SIBLING_NOTHING);
    close(theirs);
    close(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_supervisor_answers_and_may_join_later),
        cmocka_unit_test(what_is_not_understood_is_left_out),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
