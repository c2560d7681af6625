/* Listening sockets that this process was given when it was started. systemd and pinion_supervise pass them
 * by the protocol of sd_listen_fds(3): LISTEN_PID is the process they are for, LISTEN_FDS the number of
 * descriptors from 3 on, LISTEN_FDNAMES their names. */
#ifndef PINION_PROCESS_INHERIT_H
#define PINION_PROCESS_INHERIT_H

#include <stdbool.h>
#include <stdint.h>

#define PINION_INHERITED_MAX   256
#define PINION_INHERITED_FIRST 3

struct pinion_inherited {
    unsigned count;
    bool used;                     /* some were taken */
    int fds[PINION_INHERITED_MAX]; /* -1: taken */
    char *names;                   /* as they were passed; owned; NULL: none */
};

/* Read the three variables, and unset them, so that no child of ours uses them. The sockets, from descriptor
 * `first` on, become non-blocking and close-on-exec. If they are not for this process, count is 0.
 * PINION_EINVAL, with a sentence: a variable is not valid, or a descriptor is not a listening stream socket;
 * PINION_ENOMEM; PINION_EIO. On an error the descriptors stay open. */
int pinion__inherited_read(struct pinion_inherited *out, int first);

/* Take the sockets of this port and host. Port 0 and host NULL fit any; unix-domain sockets always fit. The
 * caller owns the descriptors from now on. *count is 0 if there are none, or if none fits but others were
 * taken before. PINION_EINVAL, with a sentence: there is no such host; or none fits and none was taken at
 * all, so somebody would wait for ever on a socket that nobody accepts from. PINION_EIO: the kernel does not
 * say what they are. */
int pinion__inherited_take(struct pinion_inherited *inherited, const char *host, uint16_t port,
                           int fds[PINION_INHERITED_MAX], unsigned *count);

/* If some sockets were taken and others were not, log the others: clients that connect to them wait for
 * ever. */
void pinion__inherited_warn(const struct pinion_inherited *inherited);
/* Give a socket back, so that it can be taken again. Returns false if it is not one of these; the caller then
 * keeps it. */
bool pinion__inherited_give_back(struct pinion_inherited *inherited, int fd);

/* Close the sockets that were not taken, and free. */
void pinion__inherited_release(struct pinion_inherited *inherited);

/* The sockets of this process, which are read at the first call of either function. Thread: any. */
int pinion__inherit(void);
void pinion__inherit_warn(void);
bool pinion__inherit_give_back(int fd);
int pinion__inherit_take(const char *host, uint16_t port, int fds[PINION_INHERITED_MAX], unsigned *count);

#endif
