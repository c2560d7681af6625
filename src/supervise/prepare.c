/* What the supervisor starts with: options, sockets, signals, and whom it notifies. */
#include "base/loops.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "process/bind.h"
#include "process/descriptors.h"
#include "supervise/supervisor.h"
#include <errno.h>
#include <pinion/supervise.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DEFAULT_BACKOFF_MIN_MS 100
#define DEFAULT_BACKOFF_MAX_MS 10000
#define DEFAULT_RESTARTS       5
#define DEFAULT_PERIOD_MS      60000
#define DEFAULT_START_MS       30000
#define DEFAULT_STOP_MS        45000
#define DEFAULT_WATCHDOG_MS    30000

#define SLICES       8 /* of the watchdog's time */
#define SLICE_MIN_MS 10
#define SLICE_MAX_MS 5000

static uint32_t or_default(uint32_t value, uint32_t normal)
{
    return value ? value : normal;
}

static int set_options(struct pinion_supervisor *supervisor, const pinion_supervise_options *options)
{
    struct pinion_lives *state = &supervisor->state;
    struct pinion_restarts *restarts = &state->restarts;
    restarts->min_ms = or_default(options->backoff_min_ms, DEFAULT_BACKOFF_MIN_MS);
    restarts->max_ms = or_default(options->backoff_max_ms, DEFAULT_BACKOFF_MAX_MS);
    restarts->period_ms = or_default(options->restart_period_ms, DEFAULT_PERIOD_MS);
    restarts->limit = or_default(options->max_restarts, DEFAULT_RESTARTS);
    if (restarts->limit == PINION_NEVER)
        restarts->limit = 0;
    state->start_timeout_ms = or_default(options->start_timeout_ms, DEFAULT_START_MS);
    if (state->start_timeout_ms == PINION_NEVER)
        state->start_timeout_ms = 0;
    state->stop_timeout_ms = or_default(options->stop_timeout_ms, DEFAULT_STOP_MS);
    state->exclusive = options->exclusive;
    supervisor->ready = options->ready;
    supervisor->ready_data = options->ready_data;
    if (restarts->limit > PINION_RESTARTS_MAX)
        return pinion__fail(PINION_EINVAL, "max_restarts: %u are too many: the limit is %d", restarts->limit,
                            PINION_RESTARTS_MAX);
    if (restarts->min_ms > restarts->max_ms)
        return pinion__fail(PINION_EINVAL, "backoff_min_ms: %u is more than backoff_max_ms, %u",
                            restarts->min_ms, restarts->max_ms);
    if (options->listeners > PINION_LOOPS_MAX)
        return pinion__fail(PINION_EINVAL, "listeners: %u are too many: the limit is %d", options->listeners,
                            PINION_LOOPS_MAX);
    return 0;
}

static int open_sockets(struct pinion_supervisor *supervisor, const pinion_supervise_options *options)
{
    struct pinion_inherited *sockets = &supervisor->sockets;
    unsigned count = options->listeners ? options->listeners : pinion__default_loops();
    int rc = pinion__inherited_read(sockets, PINION_INHERITED_FIRST);
    if (rc)
        return rc;
    if (sockets->count > 0)
        return pinion__bound_port(sockets->fds, sockets->count, &supervisor->port);
    rc = pinion__bind(options->host, options->port, sockets->fds, count, &supervisor->port);
    if (!rc)
        sockets->count = count;
    return rc;
}

static uint32_t to_ms(uint64_t us)
{
    return us < 1000 ? 1 : us / 1000 < PINION_NEVER ? (uint32_t)(us / 1000) : PINION_NEVER;
}

/* Faults in these settings never keep the program from serving, with or without a supervisor. */
static uint64_t find_watchers(struct pinion_supervisor *supervisor)
{
    uint64_t watchdog_us = 0;
    if (pinion__notifier_open(&supervisor->above, getenv("NOTIFY_SOCKET")) != 0)
        pinion__log(PINION_LOG_WARNING, "%s", pinion_error_detail());
    if (pinion__watchdog_parse(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid(), &watchdog_us) != 0)
        pinion__log(PINION_LOG_WARNING, "%s", pinion_error_detail());
    return watchdog_us;
}

/* Shorter waits mean that less of the time in which the supervisor was stopped is counted. */
static uint64_t slice_of(uint32_t watchdog_ms)
{
    uint64_t slice = watchdog_ms ? watchdog_ms / SLICES : SLICE_MAX_MS;
    return slice < SLICE_MIN_MS ? SLICE_MIN_MS : slice < SLICE_MAX_MS ? slice : SLICE_MAX_MS;
}

/* Our own watchdog's time is also that of the children. */
static void set_watchdog(struct pinion_supervisor *supervisor, const pinion_supervise_options *options)
{
    uint64_t watchdog_us = find_watchers(supervisor);
    uint32_t watchdog_ms = DEFAULT_WATCHDOG_MS;
    if (watchdog_us) {
        supervisor->above_ms = to_ms(watchdog_us / 2);
        supervisor->above_due = 0; /* at once */
        watchdog_ms = to_ms(watchdog_us);
    }
    watchdog_ms = or_default(options->watchdog_ms, watchdog_ms);
    supervisor->state.watchdog_ms = watchdog_ms == PINION_NEVER ? 0 : watchdog_ms;
    supervisor->slice = slice_of(supervisor->state.watchdog_ms);
}

/* SIGHUP stays ignored if it was ignored: nohup(1). SIGCHLD must not be ignored, or we could not wait for
 * children. */
static int open_signals(struct pinion_supervisor *supervisor)
{
    static const int numbers[] = { SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
    struct sigaction action = { .sa_handler = SIG_IGN }, hangup;
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    supervisor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (supervisor->signals < 0)
        return pinion__fail(PINION_EIO, "supervisor: cannot watch signals: %s", strerror(errno));
    sigprocmask(SIG_BLOCK, &set, &supervisor->child.mask);
    sigaction(SIGPIPE, &action, &supervisor->child.pipe); /* a log without a reader is no reason to die */
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, NULL);
    return 0;
}

static int prepare(struct pinion_supervisor *supervisor, const pinion_supervise_options *options,
                   char *const argv[])
{
    int rc = set_options(supervisor, options);
    if (!rc)
        rc = open_sockets(supervisor, options);
    if (!rc)
        rc = pinion__builds_open(&supervisor->builds);
    if (!rc)
        rc = pinion__ear_open(&supervisor->ear);
    if (!rc)
        rc = pinion__siblings_secret(supervisor->secret);
    if (!rc)
        rc = open_signals(supervisor);
    if (rc)
        return rc;
    set_watchdog(supervisor, options);
    supervisor->child.path = supervisor->builds.path;
    supervisor->child.argv = argv;
    supervisor->child.sockets = &supervisor->sockets;
    supervisor->child.notify_socket = supervisor->ear.name;
    supervisor->child.watchdog_us = (uint64_t)supervisor->state.watchdog_ms * 1000;
    return 0;
}

static void release(struct pinion_supervisor *supervisor)
{
    pinion__inherited_release(&supervisor->sockets);
    pinion__notifier_close(&supervisor->above);
    pinion__ear_close(&supervisor->ear);
    pinion__builds_close(&supervisor->builds);
    if (supervisor->signals >= 0)
        close(supervisor->signals);
}

static int supervise(const pinion_supervise_options *options, char *const argv[], size_t size)
{
    pinion_supervise_options known;
    if (pinion__child_is_this())
        return pinion__inherit();
    pinion__open_standard_descriptors();
    struct pinion_supervisor supervisor = {
        .signals = -1,
        .ear.fd = -1,
        .above.fd = -1,
        .above_due = UINT64_MAX,
        .builds = { .ready = -1, .newer = -1, .before = -1 },
        .processes = { { .channel = -1 }, { .channel = -1 } },
    };
    int rc = PINION_TAKE(pinion_supervise_options, &known, options, size);
    if (!rc)
        rc = prepare(&supervisor, &known, argv);
    int status = rc ? 0 : pinion__supervisor_run(&supervisor);
    release(&supervisor);
    if (!rc)
        exit(status);
    return rc;
}

int pinion_supervise_sized(const pinion_supervise_options *options, char *const argv[], size_t size)
{
    PINION_NEEDED(argv);
    PINION_RULE(argv[0], return PINION_EINVAL, "argv is empty: pass main's");
    PINION_RETURN(supervise(options, argv, size));
}
