/* Supervision: a small parent process that keeps a server running.
 *
 *     int main(int argc, char **argv)
 *     {
 *         pinion_endpoint *endpoint = NULL;
 *         int rc = pinion_supervise(&(pinion_supervise_options){ .port = 4000 }, argv);
 *         if (!rc)
 *             rc = pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .port = 4000 });
 *
 * The parent opens the listening sockets and starts the same program again as its child. The child finds the
 * sockets in pinion_endpoint_listen, as systemd's socket activation passes them. When the child crashes, the
 * parent logs the cause and starts the child again, the first time at once. The sockets stay open meanwhile:
 * new connections wait in the kernel's backlog, and none is refused. Clients that were connected reconnect
 * and rejoin by themselves.
 *
 * The parent lives until the child exits with status 0, or until a signal ends it:
 *
 * SIGTERM and SIGINT: passed on; the child shuts down gracefully. A second one kills the child.
 *
 * SIGHUP upgrades: the parent starts the program's file, as it is now, as a second child. The file may be a
 * newer version. When the second child is ready, the first shuts down gracefully. When the second child
 * fails, the log says why, and the first continues undisturbed; another SIGHUP tries again. A SIGHUP during
 * an upgrade takes effect when that upgrade is over. The parent ignores SIGHUP if it was ignored when the
 * parent started.
 *
 * SIGUSR1 and SIGUSR2: passed on to the child.
 *
 * SIGKILL to the parent: the kernel kills the child too.
 *
 * During an upgrade both children serve, as two nodes: the first until it has drained. Without a pubsub
 * adapter the supervisor joins them, so that broadcasts, presences, disconnects and sessions of long polling
 * reach the clients of both. What the program itself keeps exists twice meanwhile (docs/supervision.md).
 *
 * Both children accept from the same sockets. Some things only one process can have: the
 * name of a node, or a port that the parent does not hold. The second child waits for these. The first child
 * shuts down gracefully as soon as the second has started as far as it can; the second continues when the
 * first has ended. If the second then fails, the parent starts the program that was ready last. It keeps that
 * program's file open for this.
 *
 * If a child exits with a status other than 0 before any child was ever ready, it is not started again: its
 * configuration is wrong. If a child fails to start after another child was ready, it is started again and
 * again, with the waits of a crash: the cause may pass. After a crash the parent starts the program that was
 * ready last, whatever its file contains by then.
 *
 * Under systemd the parent is the main process. It takes the sockets of a socket unit, and passes on what the
 * child sends to its NOTIFY_SOCKET (readiness, status). See docs/supervision.md. */
#ifndef PINION_SUPERVISE_H
#define PINION_SUPERVISE_H

#include <pinion/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a program is supervised. Zero means the default. */
typedef struct pinion_supervise_options {
    /* The address and the port to listen on, as in the endpoint's options. Ignored when sockets were passed
     * to the parent. Port 0 is any free one; it stays the same across restarts. */
    const char *host;
    uint16_t port;

    unsigned listeners; /* Listening sockets. Best as many as the endpoint has loops. A number up to 64.
                           Default: the number of cores. On excess: PINION_EINVAL. */

    /* The wait before a restart. None after the first crash; then backoff_min_ms, doubled after each further
     * crash, up to backoff_max_ms, which must not be less. Milliseconds. Default: 100 and 10,000. */
    uint32_t backoff_min_ms;
    uint32_t backoff_max_ms;

    /* Restarts, within restart_period_ms, of children that were ready. A crash of a child that lived for the
     * whole period counts as the first again. A number up to 100, or PINION_NEVER for no limit; the period in
     * milliseconds. Default: 5 and 60,000. On excess: the parent exits; but if the program was upgraded and
     * the new one never lived for the period, the parent goes back to the program before the upgrade. */
    unsigned max_restarts;
    uint32_t restart_period_ms;

    /* How long a child may take to become ready. A child that sends EXTEND_TIMEOUT_USEC=... (pinion_notify)
     * gets more time. Milliseconds, or PINION_NEVER. Default: 30,000. On excess: the child is aborted
     * (SIGABRT, which leaves a core file to look at) and started again; if it was an upgrade, the upgrade has
     * failed. */
    uint32_t start_timeout_ms;

    uint32_t stop_timeout_ms; /* How long a child may take to shut down. Milliseconds. Default: 45,000. On
                                 excess: the child is killed. */

    /* How long one of the loops of a child that is ready may hang. Time in which the parent itself was
     * stopped does not count. Milliseconds, or PINION_NEVER. Default: WATCHDOG_USEC of the environment, else
     * 30,000. On excess: the child is aborted (SIGABRT, which leaves a core file to look at) and started
     * again. */
    uint32_t watchdog_ms;

    /* Never run two children at once, not even in an upgrade: the first ends before the next is started. For
     * programs that hold something exclusive that the library does not know of, for example a lock on a file.
     * Default: false. */
    bool exclusive;

    /* Called once, in the parent, when the first child is ready: the time to say where the program listens.
     * `port` is 0 for a unix-domain socket. Default: NULL, nobody is told. */
    void (*ready)(uint16_t port, void *data);
    void *ready_data;
} pinion_supervise_options;

/* Run this program under supervision. Call it early in main, before there are threads, open files or anything
 * else that a second run of main would disturb. In the child it returns 0 at once. In the parent it does not
 * return: it exits, as exit(3) does, with the child's status, which is 0 after a graceful shutdown. If a
 * signal killed the child, or told the parent to stop at once, the status is 128 + the number of that signal.
 * argv is that of main; the child's main gets the same.
 *
 * Errors: nothing has been started, and pinion_error_detail says more. PINION_EINVAL: an option, an address
 * or a passed socket is not valid; PINION_EADDRINUSE: another program uses the address; PINION_EACCES: the
 * address is not allowed; PINION_EIO: the system refused an operation; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_supervise_sized(const pinion_supervise_options *options,
                                                     char *const argv[], size_t size);
static inline PINION_CHECKED int pinion_supervise(const pinion_supervise_options *options, char *const argv[])
{
    return pinion_supervise_sized(options, argv, sizeof(pinion_supervise_options));
}

/* Send lines to the process that supervises this one: the parent of pinion_supervise, or systemd. The lines
 * are those of sd_notify(3), for example "STATUS=...". pinion_endpoint_run sends READY=1 and STOPPING=1 by
 * itself; a program that calls pinion_endpoint_start must send READY=1 itself. The loops of both ping the
 * watchdog. Returns 0 also when nobody supervises. A NOTIFY_SOCKET that cannot be used is logged once; then
 * nobody is told. Its address is a path or "@name"; other kinds ("vsock:...") are not supported.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: there is nothing to send; PINION_EBUSY or PINION_EIO: the lines did not arrive. */
PINION_API int pinion_notify(const char *state);

#ifdef __cplusplus
}
#endif
#endif
