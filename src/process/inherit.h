/* Listening sockets that this process was given when it was started: the protocol of sd_listen_fds(3), by
 * which systemd and pinion_supervise pass them. LISTEN_PID names the process they are for, LISTEN_FDS says
 * how many there are from descriptor 3 on, LISTEN_FDNAMES names them. */
#ifndef PINION_PROCESS_INHERIT_H
#define PINION_PROCESS_INHERIT_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_INHERITED_MAX   256
#define PINION_INHERITED_FIRST 3

struct pinion_inherited {
    unsigned count;
    bool used;                     /* some have been taken */
    int fds[PINION_INHERITED_MAX]; /* -1: taken */
    char *names;                   /* as passed; owned; NULL: none */
};

/* Read the three variables, and unset them, so that no child of ours takes them for its own. The sockets,
 * from descriptor `first` on, are made non-blocking and close-on-exec. None for this process: count is 0.
 * PINION_EINVAL, with a sentence: a variable is not valid, or a descriptor is no listening stream socket;
 * PINION_ENOMEM, PINION_EIO. The descriptors stay open then. */
int pinion__inherited_read(struct pinion_inherited *out, int first);

/* Take those that fit: of that port and host, where port 0 and host NULL fit any, and unix-domain ones, which
 * always fit. The descriptors are the caller's from now on. *count is 0 when there are none, or when none
 * fits and others have been taken before. PINION_EINVAL, with a sentence: no such host, or none fits and none
 * has been taken at all, in which case somebody would wait for ever on a socket that nobody accepts from;
 * PINION_EIO: the kernel does not say what they are. */
int pinion__inherited_take(struct pinion_inherited *inherited, const char *host, uint16_t port,
                           int fds[PINION_INHERITED_MAX], unsigned *count);

/* Name those that nobody took in the log, where others were taken: whoever connects to one waits for ever. */
void pinion__inherited_warn(const struct pinion_inherited *inherited);
/* A socket that was taken can be taken again. False when it is none of these; it stays the caller's then. */
bool pinion__inherited_give_back(struct pinion_inherited *inherited, int fd);

/* Close what was not taken, and free. */
void pinion__inherited_release(struct pinion_inherited *inherited);

/* This process's own, read at the first call of either. Thread: any. */
int pinion__inherit(void);
void pinion__inherit_warn(void);
bool pinion__inherit_give_back(int fd);
int pinion__inherit_take(const char *host, uint16_t port, int fds[PINION_INHERITED_MAX], unsigned *count);

#endif
