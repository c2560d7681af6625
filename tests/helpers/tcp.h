/* A blocking client for tests of a server in the same process. */
#ifndef TESTS_HELPERS_TCP_H
#define TESTS_HELPERS_TCP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A connection to this port, that waits ten seconds for anything. */
static inline int tcp_connect_to(const char *host, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct timeval patience = { .tv_sec = 10 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, host, &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline int tcp_connect(uint16_t port)
{
    return tcp_connect_to("127.0.0.1", port);
}

static inline bool tcp_send(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Read exactly len bytes. */
static inline bool tcp_read(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len > 0) {
        ssize_t got = recv(fd, at, len, 0);
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

/* Read an HTTP response head, terminated, without a byte of what follows. Returns its status, 0 on an end. */
static inline int tcp_head(int fd, char *head, size_t size)
{
    size_t len = 0;
    int status = 0;
    head[0] = '\0';
    while (len + 1 < size && !strstr(head, "\r\n\r\n")) {
        if (!tcp_read(fd, head + len, 1))
            return 0;
        head[++len] = '\0';
    }
    return sscanf(head, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* A connection that has become a WebSocket, on the mount /socket; -1 when it has not. */
static inline int tcp_websocket(uint16_t port)
{
    static const char request[] =
        "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char head[1000];
    int fd = tcp_connect(port);
    if (fd < 0)
        return -1;
    if (tcp_send(fd, request, sizeof request - 1) && tcp_head(fd, head, sizeof head) == 101)
        return fd;
    close(fd);
    return -1;
}

#endif
