/* The blocking TCP client of the C tests. Its functions assert nothing, so that threads and children may call
 * them too. */
#ifndef TESTS_HELPERS_TCP_H
#define TESTS_HELPERS_TCP_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* How long it waits for anything. */
#define TCP_PATIENCE_S 30

struct tcp_options {
    const char *host; /* NULL: 127.0.0.1 */
    const char *from; /* the client's own address; NULL: any */
    uint16_t port;
    int receive_buffer; /* bytes; 0: the kernel's default */
};

static inline struct sockaddr_in tcp_address(const char *host, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    inet_pton(AF_INET, host ? host : "127.0.0.1", &address.sin_addr);
    return address;
}

/* -1: it was not let in, and errno says why. */
static inline int tcp_open(const struct tcp_options *options)
{
    struct sockaddr_in address = tcp_address(options->host, options->port);
    struct sockaddr_in own = tcp_address(options->from, 0);
    struct timeval patience = { .tv_sec = TCP_PATIENCE_S };
    int size = options->receive_buffer;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if ((size == 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0) &&
        (!options->from || bind(fd, (struct sockaddr *)&own, sizeof own) == 0) &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static inline int tcp_connect_to(const char *host, uint16_t port)
{
    return tcp_open(&(struct tcp_options){ .host = host, .port = port });
}

static inline int tcp_connect(uint16_t port)
{
    return tcp_connect_to(NULL, port);
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

static inline bool tcp_say(int fd, const char *text)
{
    return tcp_send(fd, text, strlen(text));
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

/* Read up to this end and with it, terminated, but not a byte of what follows: what has come is looked at
 * before it is taken. Returns the length. 0: the connection has ended before, or there is no room; the text
 * is what came until then. */
static inline size_t tcp_read_through(int fd, const char *end, char *text, size_t size)
{
    size_t len = 0, end_len = strlen(end);
    text[0] = '\0';
    while (len + 1 < size) {
        ssize_t seen = recv(fd, text + len, size - 1 - len, MSG_PEEK);
        if (seen <= 0)
            break;
        size_t from = len < end_len ? 0 : len - end_len + 1; /* the end may have begun before */
        const char *at = memmem(text + from, len + (size_t)seen - from, end, end_len);
        size_t take = at ? (size_t)(at - text) + end_len - len : (size_t)seen;
        if (!tcp_read(fd, text + len, take))
            break;
        len += take;
        text[len] = '\0';
        if (at)
            return len;
    }
    text[len] = '\0';
    return 0;
}

/* Read an HTTP response head, terminated, without a byte of what follows. Returns its status, 0 on an end. */
static inline int tcp_head(int fd, char *head, size_t size)
{
    int status = 0;
    if (tcp_read_through(fd, "\r\n\r\n", head, size) == 0)
        return 0;
    return sscanf(head, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* Go in such a way that the other side is told of a connection that was reset. */
static inline void tcp_reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

/* What a request for a WebSocket has, besides its Host. */
#define TCP_UPGRADE                                                                                          \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                             \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define TCP_WEBSOCKET "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n" TCP_UPGRADE "\r\n"

/* A connection that has become a WebSocket, on the mount /socket; -1 when it has not. */
static inline int tcp_websocket(uint16_t port)
{
    char head[1000];
    int fd = tcp_connect(port);
    if (fd < 0)
        return -1;
    if (tcp_say(fd, TCP_WEBSOCKET) && tcp_head(fd, head, sizeof head) == 101)
        return fd;
    close(fd);
    return -1;
}

#define TCP_FRAME_MAX 4000

/* One whole WebSocket frame, masked with zeros, in one send. False also for more than TCP_FRAME_MAX bytes. */
static inline bool tcp_say_frame(int fd, int opcode, const void *bytes, size_t len)
{
    uint8_t frame[8 + TCP_FRAME_MAX] = { (uint8_t)(0x80 | opcode), (uint8_t)(0x80 | len) };
    size_t head = 6;
    if (len > TCP_FRAME_MAX)
        return false;
    if (len > 125) {
        frame[1] = 0x80 | 126;
        frame[2] = (uint8_t)(len >> 8);
        frame[3] = (uint8_t)len;
        head = 8;
    }
    memcpy(frame + head, bytes, len);
    return tcp_send(fd, frame, head + len);
}

static inline bool tcp_say_text(int fd, const char *text)
{
    return tcp_say_frame(fd, 1, text, strlen(text));
}

/* Write the frame of a text of at most 125 bytes, for several in one send. Returns its length: 6 bytes more.
 */
static inline size_t tcp_put_text(char *out, const char *text)
{
    size_t len = strlen(text);
    const uint8_t head[] = { 0x81, (uint8_t)(0x80 | len), 0, 0, 0, 0 };
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, text, len);
    return sizeof head + len;
}

/* Read one frame of the server's with less than `size` bytes, terminated. Returns its first byte, -1 on an
 * end or when it is longer. */
static inline int tcp_hear_frame(int fd, char *text, size_t size)
{
    uint8_t head[4];
    if (!tcp_read(fd, head, 2))
        return -1;
    size_t len = head[1];
    if (len == 126) {
        if (!tcp_read(fd, head + 2, 2))
            return -1;
        len = (size_t)head[2] << 8 | head[3];
    }
    if (len >= size || !tcp_read(fd, text, len))
        return -1;
    text[len] = '\0';
    return head[0];
}

#endif
