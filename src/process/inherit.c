#include "process/inherit.h"
#include "base/lock.h"
#include "base/log.h"
#include "process/address.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- reading ---- */

static int parse_number(const char *name, const char *text, long max, long *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value > max)
        return pinion__fail(PINION_EINVAL, "%s: \"%s\" is not a number up to %ld", name, text, max);
    *out = value;
    return 0;
}

static int cannot_ask(int fd)
{
    return pinion__fail_system(errno, "LISTEN_FDS: cannot ask what descriptor %d is", fd);
}

/* Returns 0 if the option of the socket has this value, 1 if it has another, otherwise an error. */
static int compare_option(int fd, int option, int wanted)
{
    int value;
    socklen_t len = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, option, &value, &len) != 0)
        return cannot_ask(fd);
    return value != wanted;
}

static int check_kind(int fd)
{
    int rc = compare_option(fd, SO_TYPE, SOCK_STREAM);
    if (rc > 0)
        return pinion__fail(PINION_EINVAL, "LISTEN_FDS: descriptor %d is not a stream socket", fd);
    if (!rc)
        rc = compare_option(fd, SO_ACCEPTCONN, 1);
    if (rc > 0)
        return pinion__fail(PINION_EINVAL,
                            "LISTEN_FDS: descriptor %d does not listen (a connection? a socket unit needs "
                            "Accept=no)",
                            fd);
    return rc;
}

static int check_socket(int fd)
{
    struct pinion_address address;
    if (fcntl(fd, F_GETFD) < 0)
        return pinion__fail(PINION_EINVAL, "LISTEN_FDS: descriptor %d is not open", fd);
    if (pinion__address_of(fd, &address) == 0)
        return check_kind(fd);
    if (errno != ENOTSOCK)
        return cannot_ask(fd);
    return pinion__fail(PINION_EINVAL, "LISTEN_FDS: descriptor %d is not a socket", fd);
}

static int adopt(int fd)
{
    int rc = check_socket(fd);
    if (rc)
        return rc;
    int flags = fcntl(fd, F_GETFL);
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return pinion__fail(PINION_EINVAL, "LISTEN_FDS: descriptor %d: %s", fd, strerror(errno));
    return 0;
}

static int read_variables(struct pinion_inherited *out, int first)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
    long whose = 0, count = 0;
    if (!pid || !fds)
        return 0;
    int rc = parse_number("LISTEN_PID", pid, INT32_MAX, &whose);
    if (rc || whose != getpid())
        return rc;
    rc = parse_number("LISTEN_FDS", fds, PINION_INHERITED_MAX, &count);
    for (int i = 0; i < count && !rc; i++) {
        out->fds[i] = first + i;
        rc = adopt(out->fds[i]);
    }
    if (!rc && names && !(out->names = strdup(names)))
        rc = PINION_ENOMEM;
    if (!rc)
        out->count = (unsigned)count;
    return rc;
}

int pinion__inherited_read(struct pinion_inherited *out, int first)
{
    memset(out, 0, sizeof *out);
    int rc = read_variables(out, first);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return rc;
}

void pinion__inherited_release(struct pinion_inherited *inherited)
{
    for (unsigned i = 0; i < inherited->count; i++) {
        if (inherited->fds[i] >= 0)
            close(inherited->fds[i]);
    }
    free(inherited->names);
    memset(inherited, 0, sizeof *inherited);
}

/* ---- taking ---- */

/* What an endpoint asks for. */
struct wanted {
    const char *host;
    uint16_t port;
    struct pinion_address hosts[PINION_ADDRESSES];
    unsigned host_count;
};

static bool is_wanted(const struct wanted *wanted, const struct pinion_address *address)
{
    if (address->storage.ss_family == AF_UNIX)
        return true;
    if (wanted->port != 0 && wanted->port != pinion__address_port(address))
        return false;
    bool same = !wanted->host;
    for (unsigned i = 0; i < wanted->host_count && !same; i++)
        same = pinion__address_same_host(address, &wanted->hosts[i]);
    return same;
}

/* Find the sockets that fit and were not taken. */
static int find_fitting(const struct pinion_inherited *inherited, const struct wanted *wanted,
                        bool fits[PINION_INHERITED_MAX])
{
    for (unsigned i = 0; i < inherited->count; i++) {
        struct pinion_address address;
        if (inherited->fds[i] < 0)
            continue;
        if (pinion__address_of(inherited->fds[i], &address) != 0)
            return cannot_ask(inherited->fds[i]);
        fits[i] = is_wanted(wanted, &address);
    }
    return 0;
}

/* The name with this index in "one:two"; empty if there are fewer names. */
static void name_of(const char *names, unsigned index, char *out, size_t size)
{
    out[0] = '\0';
    for (; names && index > 0; index--) {
        names = strchr(names, ':');
        names = names ? names + 1 : NULL;
    }
    if (names && *names && *names != ':')
        snprintf(out, size, " (%.*s)", (int)strcspn(names, ":"), names);
}

/* List the sockets that nobody took, as many as fit: "[::]:4000 (chat.socket), 127.0.0.1:4001". */
static void describe(const struct pinion_inherited *inherited, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < inherited->count && used < size; i++) {
        struct pinion_address address;
        char text[PINION_ADDRESS_TEXT] = "", name[64];
        if (inherited->fds[i] < 0)
            continue;
        if (pinion__address_of(inherited->fds[i], &address) == 0)
            pinion__address_text(&address, text);
        name_of(inherited->names, i, name, sizeof name);
        used += (size_t)snprintf(out + used, size - used, "%s%s%s", used ? ", " : "", text, name);
    }
}

static int fail_unfit(const struct pinion_inherited *inherited, const struct wanted *wanted)
{
    char passed[256], port[16] = "any port";
    describe(inherited, passed, sizeof passed);
    if (wanted->port)
        snprintf(port, sizeof port, "port %u", wanted->port);
    return pinion__fail(PINION_EINVAL,
                        "none of the sockets passed to this process is for %s, %s: there is %s",
                        wanted->host ? wanted->host : "any address", port, passed);
}

int pinion__inherited_take(struct pinion_inherited *inherited, const char *host, uint16_t port,
                           int fds[PINION_INHERITED_MAX], unsigned *count)
{
    struct wanted wanted = { .host = host, .port = port };
    bool fits[PINION_INHERITED_MAX] = { false };
    unsigned taken = 0;
    int rc = inherited->count && host ? pinion__address_resolve(host, wanted.hosts, &wanted.host_count) : 0;
    if (!rc)
        rc = find_fitting(inherited, &wanted, fits);
    if (rc)
        return rc;
    for (unsigned i = 0; i < inherited->count; i++) {
        if (!fits[i])
            continue;
        fds[taken++] = inherited->fds[i];
        inherited->fds[i] = -1;
        inherited->used = true;
    }
    if (taken == 0 && inherited->count > 0 && !inherited->used)
        return fail_unfit(inherited, &wanted);
    *count = taken;
    return 0;
}

void pinion__inherited_warn(const struct pinion_inherited *inherited)
{
    char left[256];
    describe(inherited, left, sizeof left);
    if (inherited->used && left[0])
        pinion__log(PINION_LOG_WARNING,
                    "sockets were passed to this process that no endpoint accepts from: %s", left);
}

bool pinion__inherited_give_back(struct pinion_inherited *inherited, int fd)
{
    unsigned place = 0, missing = 0;
    for (unsigned i = inherited->count; i-- > 0;) {
        missing += inherited->fds[i] < 0;
        place = inherited->fds[i] < 0 ? i : place;
    }
    if (missing == 0)
        return false;
    inherited->fds[place] = fd;
    inherited->used = missing > 1;
    return true;
}

/* ---- the sockets of this process ---- */

static struct {
    struct pinion_lock lock;
    bool read;
    struct pinion_inherited sockets;
} own = { .lock = PINION_LOCK(INHERITED) };

/* The caller holds the lock. */
static int read_once(void)
{
    if (own.read)
        return 0;
    own.read = true;
    return pinion__inherited_read(&own.sockets, PINION_INHERITED_FIRST);
}

int pinion__inherit(void)
{
    pinion__lock(&own.lock);
    int rc = read_once();
    pinion__unlock(&own.lock);
    return rc;
}

void pinion__inherit_warn(void)
{
    pinion__lock(&own.lock);
    pinion__inherited_warn(&own.sockets);
    pinion__unlock(&own.lock);
}

int pinion__inherit_take(const char *host, uint16_t port, int fds[PINION_INHERITED_MAX], unsigned *count)
{
    pinion__lock(&own.lock);
    int rc = read_once();
    if (!rc)
        rc = pinion__inherited_take(&own.sockets, host, port, fds, count);
    pinion__unlock(&own.lock);
    return rc;
}

bool pinion__inherit_give_back(int fd)
{
    pinion__lock(&own.lock);
    bool taken = pinion__inherited_give_back(&own.sockets, fd);
    pinion__unlock(&own.lock);
    return taken;
}
