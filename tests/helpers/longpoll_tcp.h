/* Sessions of long polling at /socket, over a connection that is kept. */
#ifndef TESTS_HELPERS_LONGPOLL_TCP_H
#define TESTS_HELPERS_LONGPOLL_TCP_H

#include "helpers/tcp.h"
#include <stdlib.h>

#define LONGPOLL "/socket/longpoll?vsn=2.0.0"

/* The status within the next answer; 0 when it is not 200. */
static inline int take_answer(int fd, char *body, size_t size)
{
    char head[2000];
    int status = tcp_head(fd, head, sizeof head);
    const char *length = strstr(head, "content-length: ");
    size_t len = length ? strtoul(length + strlen("content-length: "), NULL, 10) : 0;
    if (status != 200)
        return 0;
    assert_true(len < size);
    assert_true(tcp_read(fd, body, len));
    body[len] = '\0';
    const char *inner = strstr(body, "\"status\":");
    return inner ? atoi(inner + strlen("\"status\":")) : 0;
}

/* In one piece: the second one would wait until the first is acknowledged. */
static inline void ask(int fd, const char *method, const char *token, const char *body)
{
    char text[3000];
    int len = snprintf(text, sizeof text,
                       "%s " LONGPOLL "&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                       method, token, strlen(body), body);
    assert_true(tcp_send(fd, text, (size_t)len));
}

static inline void begin_session(int fd, char token[500])
{
    char body[2000];
    ask(fd, "GET", "", "");
    assert_int_equal(take_answer(fd, body, sizeof body), 410);
    const char *at = strstr(body, "\"token\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"token\":\"%499[^\"]", token), 1);
}

#endif
