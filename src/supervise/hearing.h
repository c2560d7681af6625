/* What children say to their supervisor: over the channel that each of them has, and through the socket that
 * NOTIFY_SOCKET names, which has a name that anybody on this machine can send to. Reading is bounded, so that
 * nobody can keep the supervisor busy. */
#ifndef PINION_SUPERVISE_HEARING_H
#define PINION_SUPERVISE_HEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PINION_MESSAGE_MAX  4096 /* bytes of one notification, as systemd has it; longer ones are ignored */
#define PINION_HEAR_AT_ONCE 16   /* messages before other things get their turn */
#define PINION_HEAR_REST_MS                                                                                  \
    100 /* how long the named socket is left alone after it was heard that often, or a                       \
         * stranger was heard */

/* Receive a message from a channel: its length; 0: there is none; -1: the other end is closed. */
ssize_t pinion__hear_channel(int fd, char text[PINION_MESSAGE_MAX]);

/* The named socket. */
struct pinion_ear {
    int fd;            /* -1: none */
    uint64_t deaf_for; /* until then (ms) it is not read */
    char name[16];     /* "@" and five digits, which the kernel chose */
};

/* Open one. PINION_EIO, with a sentence. */
int pinion__ear_open(struct pinion_ear *ear);
void pinion__ear_close(struct pinion_ear *ear);

/* What to poll at this time, -1: nothing; and how long to wait at most for its sake. */
int pinion__ear_fd(const struct pinion_ear *ear, uint64_t now);
uint64_t pinion__ear_due(const struct pinion_ear *ear, uint64_t now);

/* Receive what is there, within the bound, and give what was said by a process that `known` knows to `hear`.
 * What others said is not looked at. */
struct pinion_hearer {
    bool (*known)(void *context, pid_t sender);
    void (*hear)(void *context, pid_t sender, const char *text, size_t len);
    void *context;
};

void pinion__ear_listen(struct pinion_ear *ear, const struct pinion_hearer *hearer, uint64_t now);

#endif
