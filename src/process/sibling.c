#include "process/sibling.h"
#include "process/notify.h"
#include "process/passing.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool pinion__sibling_possible(void)
{
    return pinion__notify_channel() >= 0;
}

int pinion__sibling_ask(const char *key)
{
    char text[sizeof PINION_SIBLING_ASKS + PINION_SIBLING_KEY];
    int channel = pinion__notify_channel(), ends[2];
    if (channel < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    int len = snprintf(text, sizeof text, PINION_SIBLING_ASKS "%.*s", PINION_SIBLING_KEY - 1, key);
    ssize_t sent = pinion__pass(channel, text, (size_t)len, ends[1]);
    close(ends[1]);
    if (sent == len)
        return ends[0];
    close(ends[0]);
    return -1;
}

static bool nothing_there(void)
{
    return errno == EAGAIN || errno == EINTR || errno == ENOMEM || errno == ENOBUFS;
}

static enum pinion_sibling_word word_of(const struct pinion_sibling_message *message, int fd)
{
    if (strncmp(message->word, "ALONE", sizeof message->word) == 0)
        return PINION_SIBLING_ALONE;
    if (strncmp(message->word, "JOINED", sizeof message->word) == 0 && fd >= 0)
        return PINION_SIBLING_JOINED;
    return PINION_SIBLING_NOTHING; /* of another version */
}

void pinion__sibling_hear(int line, struct pinion_sibling_news *out)
{
    struct pinion_sibling_message message;
    *out = (struct pinion_sibling_news){ .word = PINION_SIBLING_NOTHING, .fd = -1 };
    ssize_t len = pinion__receive_passed(line, &message, sizeof message, &out->fd);
    if (len == 0 || (len < 0 && !nothing_there()))
        out->word = PINION_SIBLING_OVER;
    if (len == (ssize_t)sizeof message) {
        out->word = word_of(&message, out->fd);
        memcpy(out->secret, message.secret, sizeof out->secret);
    }
    if (out->fd >= 0 && out->word != PINION_SIBLING_JOINED) {
        close(out->fd);
        out->fd = -1;
    }
}

bool pinion__sibling_tell(int line, const char *word, const unsigned char secret[PINION_SIBLING_SECRET],
                          int fd)
{
    struct pinion_sibling_message message = { .word = "" };
    memcpy(message.word, word, strnlen(word, sizeof message.word));
    memcpy(message.secret, secret, sizeof message.secret);
    return pinion__pass(line, &message, sizeof message, fd) == (ssize_t)sizeof message;
}
