#include "process/notify.h"
#include "base/misuse.h"
#include <errno.h>
#include <fcntl.h>
#include <pinion/supervise.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CLAIM_LOOK_MS 100 /* how long it may take to notice a stop */
#define SEND_TRIES    5   /* when the kernel has no memory for a message */
#define SEND_NAP_MS   20

#define CLAIM  "PINION_CLAIM="
#define EXTEND "EXTEND_TIMEOUT_USEC="

/* ---- the address ---- */

static int parse_address(const char *text, struct sockaddr_un *address, socklen_t *len)
{
    size_t text_len = strlen(text);
    if ((text[0] != '/' && text[0] != '@') || text_len < 2)
        return pinion__fail(PINION_EINVAL, "NOTIFY_SOCKET: \"%s\" is neither a path nor an abstract name",
                            text);
    if (text_len >= sizeof address->sun_path)
        return pinion__fail(PINION_EINVAL, "NOTIFY_SOCKET: \"%s\" is too long for a socket's name", text);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, text, text_len);
    if (text[0] == '@')
        address->sun_path[0] = '\0'; /* this makes the name abstract; such a name has no terminator */
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + text_len + (text[0] == '/'));
    return 0;
}

/* ---- sending ---- */

static void be_patient(int fd)
{
    struct timeval patience = { .tv_sec = 1 };
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

int pinion__notifier_open(struct pinion_notifier *notifier, const char *text)
{
    notifier->fd = -1;
    int rc = text ? parse_address(text, &notifier->address, &notifier->len) : 0;
    if (rc || !text)
        return rc;
    notifier->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notifier->fd < 0)
        return pinion__fail(PINION_EIO, "NOTIFY_SOCKET: %s", strerror(errno));
    be_patient(notifier->fd);
    return 0;
}

void pinion__notifier_close(struct pinion_notifier *notifier)
{
    if (notifier->fd >= 0)
        close(notifier->fd);
    notifier->fd = -1;
}

static ssize_t send_once(const struct pinion_notifier *notifier, const char *state, int flags)
{
    const struct sockaddr *address = notifier->len ? (const struct sockaddr *)&notifier->address : NULL;
    ssize_t sent;
    do
        sent = sendto(notifier->fd, state, strlen(state), MSG_NOSIGNAL | flags, address, notifier->len);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* True for a lack of memory, which passes. */
static bool lacks_memory(int error)
{
    return error == ENOBUFS || error == ENOMEM;
}

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = SEND_NAP_MS * 1000000L }, NULL);
}

int pinion__notifier_send(const struct pinion_notifier *notifier, const char *state, bool wait)
{
    if (notifier->fd < 0)
        return 0;
    ssize_t sent = send_once(notifier, state, wait ? 0 : MSG_DONTWAIT);
    for (int i = 1; wait && i < SEND_TRIES && sent < 0 && lacks_memory(errno); i++) {
        nap();
        sent = send_once(notifier, state, 0);
    }
    if (sent >= 0)
        return 0;
    return errno == EAGAIN ? PINION_EBUSY : PINION_EIO;
}

/* ---- the watchdog's time ---- */

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value == 0 || value > max)
        return false;
    *out = value;
    return true;
}

int pinion__watchdog_parse(const char *usec, const char *watchdog_pid, pid_t pid, uint64_t *interval)
{
    uint64_t whose = (uint64_t)pid, found = 0;
    if (usec && watchdog_pid && !parse_number(watchdog_pid, INT32_MAX, &whose))
        return pinion__fail(PINION_EINVAL, "WATCHDOG_PID: \"%s\" is not a process id", watchdog_pid);
    if (usec && !parse_number(usec, UINT64_MAX - 1, &found))
        return pinion__fail(PINION_EINVAL, "WATCHDOG_USEC: \"%s\" is not a time in microseconds", usec);
    *interval = whose == (uint64_t)pid ? found : 0;
    return 0;
}

/* ---- the notifier of this process ---- */

static struct {
    pthread_once_t once;
    struct pinion_notifier notifier;
    uint64_t watchdog_us;
    int channel; /* to a supervisor; 0: none */
} own = { .once = PTHREAD_ONCE_INIT };

void pinion__notify_by(int fd)
{
    own.channel = fd;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    be_patient(fd);
}

int pinion__notify_channel(void)
{
    return own.channel ? own.channel : -1;
}

static int open_own(void)
{
    if (!own.channel)
        return pinion__notifier_open(&own.notifier, getenv("NOTIFY_SOCKET"));
    own.notifier = (struct pinion_notifier){ .fd = own.channel };
    return 0;
}

static void read_environment(void)
{
    int rc = open_own();
    if (!rc && own.notifier.fd >= 0)
        rc = pinion__watchdog_parse(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid(),
                                    &own.watchdog_us);
    if (rc)
        pinion__log(PINION_LOG_WARNING, "%s", pinion_error_detail());
}

int pinion__notify(const char *state, bool wait)
{
    pthread_once(&own.once, read_environment);
    return pinion__notifier_send(&own.notifier, state, wait);
}

uint64_t pinion__notify_watchdog_us(void)
{
    pthread_once(&own.once, read_environment);
    return own.watchdog_us;
}

static atomic_int main_loops; /* those that are ready and not stopping */

void pinion__notify_ready(void)
{
    atomic_fetch_add(&main_loops, 1);
    if (pinion__notify("READY=1", true) != 0)
        pinion__log(PINION_LOG_WARNING,
                    "cannot tell whoever started this process that it is ready, so it may be stopped: %s",
                    strerror(errno));
}

void pinion__notify_stopping(void)
{
    if (atomic_fetch_sub(&main_loops, 1) == 1)
        (void)pinion__notify("STOPPING=1", false);
}

int pinion_notify(const char *state)
{
    if (!state || state[0] == '\0')
        return pinion__fail(PINION_EINVAL, "pinion_notify: state is %s", state ? "empty" : "NULL");
    PINION_RETURN(pinion__notify(state, true));
}

/* ---- claims ---- */

/* Returns true when there is an answer, false when it is no longer wanted. */
static bool await_answer(const atomic_bool *stop)
{
    struct pollfd channel = { .fd = own.channel, .events = POLLIN };
    while (!atomic_load(stop)) {
        if (poll(&channel, 1, CLAIM_LOOK_MS) > 0)
            return true;
    }
    return false;
}

static int await_grant(const atomic_bool *stop)
{
    char text[sizeof PINION_CLAIM_GRANTED];
    ssize_t len;
    if (!await_answer(stop))
        return pinion__fail(PINION_ECLOSED, "stopped before it could start");
    do
        len = recv(own.channel, text, sizeof text, 0);
    while (len < 0 && errno == EINTR);
    if (len > 0)
        return 0;
    return pinion__fail(PINION_ECLOSED, "the supervisor no longer answers");
}

int pinion__notify_claim(const char *what, const atomic_bool *stop)
{
    char text[PINION_CLAIM_MAX + 16];
    if (!own.channel)
        return 0;
    snprintf(text, sizeof text, CLAIM "%.*s", PINION_CLAIM_MAX - 1, what);
    int rc = pinion__notify(text, true);
    if (rc)
        return pinion__fail(rc, "the supervisor cannot be asked for %s", what);
    return await_grant(stop);
}

/* ---- receiving ---- */

static bool is(const char *line, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(line, word, len) == 0;
}

static bool begins(const char *line, size_t len, const char *word)
{
    return len >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

static void pass_on(struct pinion_notification *out, const char *line, size_t len)
{
    size_t used = strlen(out->relay);
    if (len + 2 > sizeof out->relay - used || memchr(line, '\0', len))
        return;
    memcpy(out->relay + used, line, len);
    memcpy(out->relay + used + len, "\n", 2);
}

/* The number after the word; 0 if there is none. */
static uint64_t number_after(const char *line, size_t len, const char *word)
{
    char text[24];
    uint64_t value = 0;
    size_t skip = strlen(word);
    if (begins(line, len, word) && len - skip < sizeof text && !memchr(line, '\0', len)) {
        memcpy(text, line + skip, len - skip);
        text[len - skip] = '\0';
        (void)parse_number(text, UINT64_MAX - 1, &value);
    }
    return value;
}

static void read_claim(struct pinion_notification *out, const char *line, size_t len)
{
    if (len >= sizeof out->claim || memchr(line, '\0', len))
        return;
    memcpy(out->claim, line, len);
    out->claim[len] = '\0';
}

static void read_line(struct pinion_notification *out, const char *line, size_t len)
{
    if (is(line, len, "READY=1"))
        out->ready = true;
    else if (is(line, len, "STOPPING=1"))
        out->stopping = true;
    else if (is(line, len, "WATCHDOG=1"))
        out->ping = true;
    else if (begins(line, len, CLAIM))
        read_claim(out, line + strlen(CLAIM), len - strlen(CLAIM));
    else if (begins(line, len, "ERRNO="))
        out->error = (int)(number_after(line, len, "ERRNO=") & INT32_MAX);
    else if (begins(line, len, "STATUS=") || begins(line, len, EXTEND))
        pass_on(out, line, len);
    if (begins(line, len, EXTEND))
        out->extend_us = number_after(line, len, EXTEND);
}

void pinion__notification_parse(struct pinion_notification *out, const char *text, size_t len)
{
    memset(out, 0, sizeof *out);
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t line = newline ? (size_t)(newline - text) : len;
        size_t step = newline ? line + 1 : len;
        read_line(out, text, line);
        text += step;
        len -= step;
    }
}
