#include "handshake.h"
#include "die.h"
#include <stdio.h>
#include <string.h>

/* All connections use one key, so that one answer is right. Both are from RFC 6455, section 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

char *handshake_request(const char *path, const char *host, uint16_t port)
{
    char *request;
    int len = asprintf(&request,
                       "GET %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
                       path, host, port);
    if (len < 0)
        die("out of memory");
    return request;
}

static const char *field(const char *head, const char *name)
{
    const char *line = strstr(head, "\r\n");
    size_t len = strlen(name);
    while (line && line[2] != '\r') {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
        line = strstr(line, "\r\n");
    }
    return NULL;
}

const char *handshake_refusal(const char *head)
{
    static char why[128];
    const char *accept = field(head, "Sec-WebSocket-Accept");
    if (strncmp(head, "HTTP/1.1 101 ", strlen("HTTP/1.1 101 ")) != 0) {
        snprintf(why, sizeof why, "the upgrade was answered with %.*s", (int)strcspn(head, "\r"), head);
        return why;
    }
    if (!accept || strncmp(accept, ACCEPT "\r\n", strlen(ACCEPT "\r\n")) != 0)
        return "the upgrade was answered with a wrong Sec-WebSocket-Accept";
    if (field(head, "Sec-WebSocket-Extensions"))
        return "the upgrade was answered with an extension nobody offered";
    return NULL;
}
