/* Supervision: a small parent process that keeps a server running.
 *
 *     int main(int argc, char **argv)
 *     {
 *         pinion_endpoint *endpoint = NULL;
 *         int rc = pinion_supervise(&(pinion_supervise_options){ .port = 4000 }, argv);
 *         if (!rc)
 *             rc = pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .port = 4000 });
 *
 * The parent opens the listening sockets and starts the same program again as its child, which finds them in
 * pinion_endpoint_listen, the way systemd's socket activation passes them. When the child crashes, the parent
 * says what of, and starts it again, at once the first time. The sockets stay open meanwhile: connections
 * wait in the kernel's queue and none is refused; clients that were connected reconnect and rejoin by
 * themselves.
 *
 * The parent lives until the child exits with status 0, or on a signal:
 *
 * SIGTERM and SIGINT: passed on, the child stops gracefully. Once more: it is killed.
 *
 * SIGHUP upgrades: the program's file as it is now, a newer version for instance, is started as a second
 * child. When that one is ready the first stops gracefully. When it fails, for whatever reason, the log says
 * of what, and the first goes on as if nothing had been; another SIGHUP tries again. One that comes while an
 * upgrade is under way is acted on when that is over. Ignored where it was when the parent started.
 *
 * SIGUSR1 and SIGUSR2: passed on to the child.
 *
 * SIGKILL ends the child too: the kernel kills it with its parent.
 *
 * Both children accept from the same sockets while both serve. What only one process can have, the name of a
 * node or a port that the parent does not hold, the second waits for: the first stops gracefully as soon as
 * the second has started as far as it could, and the second goes on when the first has ended. When it fails
 * then, the program that was ready last is started again; the parent keeps its file open for that.
 *
 * A child that exits with another status before any was ever ready is not started again: what is wrong is its
 * configuration. One that fails to start after another was ready is started again and again, with the waits
 * of a crash: what keeps it from starting may pass. It is the program that was ready last that is started
 * after a crash, whatever its file is by then. Under systemd the parent is the main process. It takes the
 * sockets of a socket unit, and passes on what the child says to its NOTIFY_SOCKET (readiness, status);
 * docs/supervision.md has more. */
#ifndef PINION_SUPERVISE_H
#define PINION_SUPERVISE_H

#include <pinion/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default. */
typedef struct pinion_supervise_options {
    /* As the endpoint's. They count only where no sockets were passed to the parent. Port 0 is any free one,
     * which stays the same across restarts. */
    const char *host;
    uint16_t port;

    unsigned listeners; /* listening sockets, best as many as the endpoint has loops: the number of cores */

    /* The wait before a restart: none after the first crash, then min, doubled with each further crash up to
     * max. 100, 10,000. */
    uint32_t backoff_min_ms;
    uint32_t backoff_max_ms;

    /* So many restarts of children that were ready within the period; one more crash ends the supervision, or
     * goes back to the program before the last upgrade where that one never lived for the period. A child
     * that lived for the whole period has its crash counted as the first. 5 (100 at most, or PINION_NEVER: no
     * limit), 60,000. */
    unsigned max_restarts;
    uint32_t restart_period_ms;

    /* How long a child may take to be ready. Milliseconds. Default: 30,000; PINION_NEVER: as long as it
     * likes. On excess: aborted (SIGABRT, for a core to look at), and started again; an upgrade has failed. A
     * child that says EXTEND_TIMEOUT_USEC=... (pinion_notify) asks for more. */
    uint32_t start_timeout_ms;

    uint32_t stop_timeout_ms; /* a child that was asked to stop is killed after that: 45,000 */

    /* A child that is ready, and whose loops do not all turn for so long, is aborted (SIGABRT, for a core to
     * look at) and started again: what WATCHDOG_USEC says, where it is set, else 30,000; PINION_NEVER. Time
     * in which the parent was stopped itself does not count. */
    uint32_t watchdog_ms;

    /* There are never two children, not even in an upgrade: the first stops before the next is started. For
     * programs that hold what cannot be held twice, and is not known here: the lock of a file. Default:
     * false. */
    bool exclusive;

    /* Called once, in the parent, when the first child is ready: the time to say where it listens (port is 0
     * for a unix-domain socket). May be NULL. */
    void (*ready)(uint16_t port, void *data);
    void *ready_data;
} pinion_supervise_options;

/* Run this program under supervision. Call it early in main, before there are threads, open files or anything
 * else that a second run of main would disturb. In the child it returns 0 at once. In the parent it does not
 * return: it exits, as exit(3) does, with the child's status (128 + the number of the signal that killed it,
 * or that told the parent to stop at once), which is 0 after a graceful stop. argv is main's, and is what the
 * child's main gets.
 *
 * Errors, all before anything was started: PINION_EADDRINUSE, PINION_EACCES, PINION_EINVAL (an option, an
 * address or a socket that was passed is not valid), PINION_EIO, PINION_ENOMEM; pinion_error_detail says
 * more. */
PINION_API PINION_CHECKED int pinion_supervise_sized(const pinion_supervise_options *options,
                                                     char *const argv[], size_t size);
static inline PINION_CHECKED int pinion_supervise(const pinion_supervise_options *options, char *const argv[])
{
    return pinion_supervise_sized(options, argv, sizeof(pinion_supervise_options));
}

/* Tell whoever watches over this process, pinion_supervise's parent or systemd: lines as of sd_notify(3),
 * "STATUS=..." for instance. What is wrong with NOTIFY_SOCKET is logged once, and then nobody is told; kinds
 * of address other than a path and "@name" ("vsock:...") are not spoken. pinion_endpoint_run says READY=1 and
 * STOPPING=1 by itself; a program that calls pinion_endpoint_start says READY=1 this way. The loops of both
 * ping the watchdog. Thread: any. Returns 0 too when nobody watches. Errors: PINION_EINVAL nothing to say;
 * PINION_EBUSY, PINION_EIO: it did not arrive. */
PINION_API int pinion_notify(const char *state);

#ifdef __cplusplus
}
#endif
#endif
