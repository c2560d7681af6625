/* See broker_answers.h. */
#include "broker_answers.h"
#include "fuzz.h"
#include <sys/socket.h>

void answers_init(struct broker_answers *answers)
{
    pinion__buf_init(&answers->bytes, SIZE_MAX);
    answers->sent = 0;
}

void answers_add(struct broker_answers *answers, const char *text)
{
    ok(pinion__buf_append_str(&answers->bytes, text));
}

size_t answers_left(const struct broker_answers *answers)
{
    return answers->bytes.len - answers->sent;
}

void answers_send(struct broker_answers *answers, int fd, size_t most)
{
    size_t left = answers_left(answers);
    if (most > left)
        most = left;
    while (most > 0) {
        ssize_t n = send(fd, answers->bytes.data + answers->sent, most, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0)
            break;
        answers->sent += (size_t)n;
        most -= (size_t)n;
    }
    if (answers->sent == answers->bytes.len)
        answers->sent = answers->bytes.len = 0;
}

void answers_halve(struct broker_answers *answers, size_t begin)
{
    answers->bytes.len -= (answers->bytes.len - begin + 1) / 2;
}

void answers_repeat(struct broker_answers *answers, size_t begin)
{
    size_t len = answers->bytes.len - begin;
    ok(pinion__buf_reserve(&answers->bytes, len));
    ok(pinion__buf_append(&answers->bytes, answers->bytes.data + begin, len));
}
