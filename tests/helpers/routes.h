/* An endpoint with routes of a test's own, on each I/O engine, and a client that asks it. */
#ifndef TESTS_HELPERS_ROUTES_H
#define TESTS_HELPERS_ROUTES_H

#include "helpers/endpoint.h"
#include "helpers/io.h"

static int asking; /* the connection of ask() */

/* Made, but not started. NULL: defaults. */
static inline void routes_new(const pinion_endpoint_options *given)
{
    pinion_endpoint_options options = given ? *given : (pinion_endpoint_options){ 0 };
    options.host = "127.0.0.1";
    options.loops = 1;
    options.io = io;
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &options));
}

static inline void routes_start(void)
{
    ok(pinion_endpoint_start(endpoint));
    asking = connected_fd();
}

static inline int routes_stop(void **state)
{
    if (asking > 0)
        close(asking);
    asking = 0;
    return stop(state);
}

static inline void say(int fd, const char *text)
{
    assert_true(tcp_send(fd, text, strlen(text)));
}

/* An answer. */
static struct {
    int status;
    bool closes;
    char head[4000];
    char body[4000];
} heard;

static inline void hear_head(int fd)
{
    memset(&heard, 0, sizeof heard);
    heard.status = tcp_head(fd, heard.head, sizeof heard.head);
    heard.closes = strstr(heard.head, "connection: close\r\n") != NULL;
}

static inline void hear(int fd, int status, const char *body)
{
    hear_head(fd);
    const char *length = strstr(heard.head, "content-length: ");
    size_t len = length ? strtoul(length + strlen("content-length: "), NULL, 10) : 0;
    assert_in_range(len, 0, sizeof heard.body - 1);
    assert_true(tcp_read(fd, heard.body, len));
    if (heard.status != status || (body && strcmp(heard.body, body) != 0))
        fail_msg("the answer is %d \"%s\", expected was %d \"%s\"", heard.status, heard.body, status,
                 body ? body : "");
}

/* Ask on the one connection, which stays open. `rest` is headers with their line ends. */
static inline void ask(const char *line, const char *rest, int status, const char *body)
{
    char text[2000];
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", line, rest);
    say(asking, text);
    hear(asking, status, body);
}

/* The same on a connection of its own: what came before on others has been looked at. */
static inline void ask_elsewhere(const char *line, int status, const char *body)
{
    int before = asking;
    asking = connected_fd();
    ask(line, "", status, body);
    close(asking);
    asking = before;
}

/* False when the endpoint does not accept any more. */
static inline bool connect_is_taken(void)
{
    int fd = tcp_connect(pinion_endpoint_port(endpoint));
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static inline bool heard_header(const char *line)
{
    char text[500];
    snprintf(text, sizeof text, "\r\n%s\r\n", line);
    return strstr(heard.head, text) != NULL;
}

static inline bool ends(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

#define ROUTES(name) cmocka_unit_test_teardown(name, routes_stop)

#endif
