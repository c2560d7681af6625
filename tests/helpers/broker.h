/* Brokers for tests: a real nats-server or redis-server of the test's own, on a port of its own, that goes
 * down with it. Include after cmocka.h. */
#ifndef PINION_TESTS_BROKER_H
#define PINION_TESTS_BROKER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BROKER_PATIENCE_MS 20000
#define BROKER_ARGS_MAX    16

struct broker_kind {
    const char *program;
    const char *ready; /* in its log */
    const char *port_flag;
    const char *args[BROKER_ARGS_MAX];
};

static const struct broker_kind broker_nats __attribute__((unused)) = {
    .program = "nats-server",
    .ready = "Server is ready",
    .port_flag = "-p",
    .args = { "-a", "127.0.0.1" },
};

static const struct broker_kind broker_redis __attribute__((unused)) = {
    .program = "redis-server",
    .ready = "Ready to accept connections",
    .port_flag = "--port",
    .args = { "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no" },
};

struct broker_server {
    const struct broker_kind *kind;
    pid_t pid;
    uint16_t port;
    int log; /* read until it is ready; big enough for the rest */
};

/* Is the program there? */
static inline bool broker_is_installed(const struct broker_kind *kind)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null", kind->program);
    if (system(command) == 0)
        return true;
    print_message("%s is not installed: its tests are left out\n", kind->program);
    return false;
}

/* One that nobody uses now. Somebody may before the broker does: then the next one is tried. */
static inline uint16_t broker_free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static inline _Noreturn void broker_exec(const struct broker_kind *kind, uint16_t port,
                                         const char *const *extra, int log)
{
    const char *args[BROKER_ARGS_MAX * 2 + 4] = { kind->program, kind->port_flag };
    char number[8];
    size_t count = 3;
    snprintf(number, sizeof number, "%u", port);
    args[2] = number;
    for (size_t i = 0; i < BROKER_ARGS_MAX && kind->args[i]; i++)
        args[count++] = kind->args[i];
    for (; extra && *extra && count < BROKER_ARGS_MAX * 2 + 3; extra++)
        args[count++] = *extra;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(kind->program, (char *const *)args);
    _exit(127);
}

/* False: it has ended instead. */
static inline bool broker_await_ready(struct broker_server *server)
{
    char text[16384] = "";
    size_t len = 0;
    struct pollfd log = { .fd = server->log, .events = POLLIN };
    while (!strstr(text, server->kind->ready)) {
        if (poll(&log, 1, BROKER_PATIENCE_MS) <= 0)
            fail_msg("%s did not get ready: %s", server->kind->program, text);
        ssize_t n = read(server->log, text + len, sizeof text - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
    }
    return true;
}

static inline void broker_kill(struct broker_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->log);
    server->pid = 0;
}

static inline bool broker_try(struct broker_server *server, const char *const *extra)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    server->log = ends[0];
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0)
        broker_exec(server->kind, server->port, extra, ends[1]);
    close(ends[1]);
    if (broker_await_ready(server))
        return true;
    broker_kill(server);
    return false;
}

/* Start one, with more arguments (NULL: none). */
static inline void broker_start(struct broker_server *server, const struct broker_kind *kind,
                                const char *const *extra)
{
    *server = (struct broker_server){ .kind = kind };
    for (int attempt = 0; attempt < 10; attempt++) {
        server->port = broker_free_port();
        if (broker_try(server, extra))
            return;
    }
    fail_msg("%s does not start", kind->program);
}

/* Start it again, on the same port, after it was killed. */
static inline void broker_restart(struct broker_server *server, const char *const *extra)
{
    if (!broker_try(server, extra))
        fail_msg("%s does not start again", server->kind->program);
}

#endif
