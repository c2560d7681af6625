#include "supervise/siblings.h"
#include "base/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

int pinion__siblings_secret(unsigned char secret[PINION_SIBLING_SECRET])
{
    if (getrandom(secret, PINION_SIBLING_SECRET, 0) == PINION_SIBLING_SECRET)
        return 0;
    return pinion__fail(PINION_EIO, "supervisor: the system gives no random bytes: %s", strerror(errno));
}

static bool read_key(const char *text, size_t len, char key[PINION_SIBLING_KEY])
{
    size_t skip = strlen(PINION_SIBLING_ASKS);
    if (len <= skip || len - skip >= PINION_SIBLING_KEY || memcmp(text, PINION_SIBLING_ASKS, skip) != 0)
        return false;
    memcpy(key, text + skip, len - skip);
    key[len - skip] = '\0';
    return true;
}

/* -1: there is none. */
static int find(const struct pinion_lines *lines, const char *key)
{
    for (unsigned i = 0; i < lines->count; i++) {
        if (strcmp(lines->lines[i].key, key) == 0)
            return (int)i;
    }
    return -1;
}

static void forget(struct pinion_lines *lines, int index)
{
    close(lines->lines[index].fd);
    lines->lines[index] = lines->lines[--lines->count];
}

/* An endpoint that asks again has ended and begun anew. */
static bool keep(struct pinion_lines *lines, const char *key, int fd)
{
    int same = find(lines, key);
    if (same >= 0)
        forget(lines, same);
    if (lines->count == PINION_LINES_MAX)
        return false;
    lines->lines[lines->count].fd = fd;
    snprintf(lines->lines[lines->count++].key, PINION_SIBLING_KEY, "%s", key);
    return true;
}

/* Returns false if the other does not hear it, or there is no pair of sockets. */
static bool join(int one, int other, const unsigned char *secret)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        pinion__log(PINION_LOG_WARNING, "supervisor: the two children cannot be joined: %s", strerror(errno));
        return false;
    }
    bool joined = pinion__sibling_tell(other, "JOINED", secret, ends[1]) &&
                  pinion__sibling_tell(one, "JOINED", secret, ends[0]);
    close(ends[0]);
    close(ends[1]);
    return joined;
}

void pinion__siblings_hear(struct pinion_lines *mine, struct pinion_lines *others,
                           const unsigned char secret[PINION_SIBLING_SECRET], const char *text, size_t len,
                           int fd)
{
    char key[PINION_SIBLING_KEY];
    if (!read_key(text, len, key) || !keep(mine, key, fd)) {
        close(fd);
        return;
    }
    int other = find(others, key);
    if (other >= 0 && join(fd, others->lines[other].fd, secret))
        return;
    if (!pinion__sibling_tell(fd, "ALONE", secret, -1))
        forget(mine, (int)mine->count - 1);
}

void pinion__siblings_close(struct pinion_lines *lines)
{
    while (lines->count > 0)
        forget(lines, 0);
}
