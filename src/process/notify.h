/* The notification protocol of systemd, as sd_notify(3) and sd_watchdog_enabled(3) describe it: a process
 * says "READY=1" and the like in datagrams to the socket that NOTIFY_SOCKET names. Written here because it is
 * small: no libsystemd. */
#ifndef PINION_PROCESS_NOTIFY_H
#define PINION_PROCESS_NOTIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Somebody to tell. */
struct pinion_notifier {
    int fd; /* -1: nobody */
    struct sockaddr_un address;
    socklen_t len; /* 0: the socket is connected */
};

/* `text` is what NOTIFY_SOCKET holds: a path, or a name in the abstract name space behind '@'; NULL is
 * nobody. PINION_EINVAL: it is none of these, with a sentence; PINION_EIO. On failure there is nobody to
 * tell. */
int pinion__notifier_open(struct pinion_notifier *notifier, const char *text);
void pinion__notifier_close(struct pinion_notifier *notifier);

/* Send lines like "READY=1\nSTATUS=...". With `wait` up to a second while the receiver's queue is full.
 * PINION_EBUSY: it stayed full; PINION_EIO: nobody receives. */
int pinion__notifier_send(const struct pinion_notifier *notifier, const char *state, bool wait);

/* The time between two pings at most, in microseconds, that WATCHDOG_USEC asks of process `pid`; 0: none,
 * also when WATCHDOG_PID names another process. Either text may be NULL. PINION_EINVAL: no number, with a
 * sentence. */
int pinion__watchdog_parse(const char *usec, const char *watchdog_pid, pid_t pid, uint64_t *interval);

/* This process's own: the environment is read at the first call of any of these. Faults in it are logged
 * once, and then nobody is told; an address of a kind that is not spoken here, "vsock:..." for one, is such a
 * fault. Thread: any. */
int pinion__notify(const char *state, bool wait);
uint64_t pinion__notify_watchdog_us(void);

/* Before those: tell whoever holds the other end of this socket, whatever NOTIFY_SOCKET says. It is made
 * close-on-exec, and stays open. */
void pinion__notify_by(int fd);

/* Ask whoever holds that end for something that only one process can have at a time: returns when it is this
 * one's. 0 at once where there is no such socket. PINION_ECLOSED: there is nobody any more, or *stop became
 * true meanwhile. Thread: any, one at a time. */
int pinion__notify_claim(const char *what, const atomic_bool *stop);

#define PINION_CLAIM_MAX     300  /* bytes of what is asked for */
#define PINION_CLAIM_GRANTED "GO" /* the answer */
/* An endpoint that is a main loop of the program is ready; it stops. Of several that run in one process the
 * last says that the process stops. Thread: any. */
void pinion__notify_ready(void);
void pinion__notify_stopping(void);

/* What a message says. */
struct pinion_notification {
    bool ready;
    bool stopping;
    bool ping;
    int error;                    /* ERRNO=: the program could not be executed; 0: it does not say so */
    uint64_t extend_us;           /* EXTEND_TIMEOUT_USEC=: it asks for so much time; 0: it does not */
    char claim[PINION_CLAIM_MAX]; /* what it claims; "": nothing */
    char relay[1024]; /* lines a supervisor passes on as they are, with an end to each; "": none */
};

/* Read a message. Lines that are of no interest, or too long to be passed on, are left out. */
void pinion__notification_parse(struct pinion_notification *out, const char *text, size_t len);

#endif
