/* The notification protocol of systemd, as sd_notify(3) and sd_watchdog_enabled(3) describe it: a process
 * sends "READY=1" and the like in datagrams to the socket that NOTIFY_SOCKET names. It is small, so we do not
 * need libsystemd. */
#ifndef PINION_PROCESS_NOTIFY_H
#define PINION_PROCESS_NOTIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The receiver of notifications. */
struct pinion_notifier {
    int fd; /* -1: there is no receiver */
    struct sockaddr_un address;
    socklen_t len; /* 0: the socket is connected */
};

/* Open the receiver that `text`, the value of NOTIFY_SOCKET, names: a path, or '@' and a name in the abstract
 * name space; NULL is no receiver. PINION_EINVAL, with a sentence: it is neither; PINION_EIO. On an error
 * there is no receiver. */
int pinion__notifier_open(struct pinion_notifier *notifier, const char *text);
void pinion__notifier_close(struct pinion_notifier *notifier);

/* Send lines like "READY=1\nSTATUS=...". With `wait`, wait up to a second while the receiver's queue is full.
 * PINION_EBUSY: it stayed full; PINION_EIO: nobody receives. */
int pinion__notifier_send(const struct pinion_notifier *notifier, const char *state, bool wait);

/* The longest time between two pings that WATCHDOG_USEC asks of process `pid`, in microseconds. 0: none, also
 * if WATCHDOG_PID names another process. Both texts may be NULL. PINION_EINVAL, with a sentence: one is not a
 * number. */
int pinion__watchdog_parse(const char *usec, const char *watchdog_pid, pid_t pid, uint64_t *interval);

/* Notify for this process. The environment is read at the first call of any of these functions. Faults in it
 * are logged once, and then nobody is notified; an address of a kind that we do not support, for example
 * "vsock:...", is such a fault. Thread: any. */
int pinion__notify(const char *state, bool wait);
uint64_t pinion__notify_watchdog_us(void);

/* Call it before the others: from now on notify the holder of the other end of this socket, and ignore
 * NOTIFY_SOCKET. The socket becomes close-on-exec, and stays open. */
void pinion__notify_by(int fd);

/* That socket; -1: there is none. */
int pinion__notify_channel(void);

/* Ask the holder of the other end for something that only one process may have at a time. Returns when this
 * process has it, or at once if there is no such socket. PINION_ECLOSED: the other end is closed, or *stop
 * became true. Thread: any, one call at a time. */
int pinion__notify_claim(const char *what, const atomic_bool *stop);

#define PINION_CLAIM_MAX     300  /* bytes of what is asked for */
#define PINION_CLAIM_GRANTED "GO" /* the answer */
/* A main loop of the program is ready, or stops. If several endpoints run in one process, the last one to
 * stop says that the process stops. Thread: any. */
void pinion__notify_ready(void);
void pinion__notify_stopping(void);

/* The content of a message. */
struct pinion_notification {
    bool ready;
    bool stopping;
    bool ping;
    int error;          /* ERRNO=: the program could not be executed; 0: not in the message */
    uint64_t extend_us; /* EXTEND_TIMEOUT_USEC=: it asks for this much time; 0: not in the message */
    char claim[PINION_CLAIM_MAX]; /* what it claims; "": nothing */
    char relay[1024]; /* lines that a supervisor passes on unchanged, each with a line end; "": none */
};

/* Read a message. Lines that do not matter, or are too long to be passed on, are left out. */
void pinion__notification_parse(struct pinion_notification *out, const char *text, size_t len);

#endif
