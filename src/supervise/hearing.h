/* Receives what children say to their supervisor: over the channel that each child has, and through the
 * socket of NOTIFY_SOCKET, to whose name anybody on this machine can send. Reading is bounded, so that nobody
 * can keep the supervisor busy. */
#ifndef PINION_SUPERVISE_HEARING_H
#define PINION_SUPERVISE_HEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PINION_MESSAGE_MAX  4096 /* bytes of a notification, as in systemd; longer ones are ignored */
#define PINION_HEAR_AT_ONCE 16   /* messages before other work has its turn */
#define PINION_HEAR_REST_MS                                                                                  \
    100 /* how long the named socket is left alone after it was heard that often, or a                       \
         * stranger was heard */

/* Receive a message from a channel. Returns its length; 0: there is none; -1: the other end is closed.
 * *passed is the descriptor that came with it, the caller's; -1: none. */
ssize_t pinion__hear_channel(int fd, char text[PINION_MESSAGE_MAX], int *passed);

/* The socket that NOTIFY_SOCKET names. */
struct pinion_ear {
    int fd;            /* -1: none */
    uint64_t deaf_for; /* it is not read until this time, ms */
    char name[16];     /* "@" and five digits, which the kernel chose */
};

/* Open the socket. PINION_EIO, with a sentence. */
int pinion__ear_open(struct pinion_ear *ear);
void pinion__ear_close(struct pinion_ear *ear);

/* The descriptor to poll now (-1: none), and how long to wait at most because of it. */
int pinion__ear_fd(const struct pinion_ear *ear, uint64_t now);
uint64_t pinion__ear_due(const struct pinion_ear *ear, uint64_t now);

/* Receive messages, up to the bound, and pass those of processes that `known` knows to `hear`. Messages of
 * others are ignored. */
struct pinion_hearer {
    bool (*known)(void *context, pid_t sender);
    void (*hear)(void *context, pid_t sender, const char *text, size_t len);
    void *context;
};

void pinion__ear_listen(struct pinion_ear *ear, const struct pinion_hearer *hearer, uint64_t now);

#endif
