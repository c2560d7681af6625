#include "pubsub/nats_problem.h"
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define INFO_MAX 4096

/* ---- files ---- */

static int check_file(struct pinion_broker *broker, const char *setting, const char *path)
{
    FILE *file = path ? fopen(path, "re") : NULL;
    if (path && !file)
        return pinion__broker_explain(broker, PINION_EINVAL, "the file of \"%s\" cannot be read: %s: %s",
                                      setting, path, strerror(errno));
    if (file)
        fclose(file);
    return 0;
}

int pinion__nats_check_files(struct pinion_broker *broker)
{
    const struct pinion_broker_url *url = &broker->url;
    if (strcmp(url->scheme, "tls") != 0)
        return 0;
    if (!url->cert != !url->key)
        return pinion__broker_explain(broker, PINION_EINVAL,
                                      "\"cert\" and \"key\" are needed together, or neither of them");
    int rc = check_file(broker, "ca", url->ca);
    if (!rc)
        rc = check_file(broker, "cert", url->cert);
    return rc ? rc : check_file(broker, "key", url->key);
}

/* ---- what the server requires, according to its first line ---- */

static int connect_to(const struct pinion_broker_url *url)
{
    char port[8];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    snprintf(port, sizeof port, "%u", url->port);
    if (getaddrinfo(url->host, port, &hints, &found) != 0)
        return -1;
    int fd = -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        const struct timeval patience = { .tv_sec = PINION_BROKER_PATIENCE_MS / 1000 };
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
                        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
                        connect(fd, at->ai_addr, at->ai_addrlen) != 0)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* The server's first line; "" if there is none. */
static void read_info(const struct pinion_broker_url *url, char info[INFO_MAX])
{
    size_t len = 0;
    ssize_t n = 1;
    int fd = connect_to(url);
    info[0] = '\0';
    while (fd >= 0 && n > 0 && len < INFO_MAX - 1 && !memchr(info, '\n', len)) {
        n = recv(fd, info + len, INFO_MAX - 1 - len, 0);
        if (n > 0)
            len += (size_t)n;
    }
    info[len] = '\0';
    if (fd >= 0)
        close(fd);
}

static bool says(const char *info, const char *name)
{
    char words[40];
    snprintf(words, sizeof words, "\"%s\":true", name);
    return strstr(info, words) != NULL;
}

static int explain_tls(struct pinion_broker *broker)
{
    const struct pinion_broker_url *url = &broker->url;
    char info[INFO_MAX];
    read_info(url, info);
    if (strcmp(url->scheme, "tls") != 0)
        return pinion__broker_explain(broker, PINION_EINVAL,
                                      "the server wants TLS: tls:// instead of nats://");
    if (says(info, "tls_verify") && !url->cert)
        return pinion__broker_explain(broker, PINION_EACCES,
                                      "the server wants a certificate of this node: cert=FILE and key=FILE");
    if (says(info, "tls_verify"))
        return pinion__broker_explain(
            broker, PINION_EACCES,
            "TLS failed: the server does not take this node's certificate, or its own, "
            "or the name in it, is not right");
    return pinion__broker_explain(broker, PINION_EACCES,
                                  "TLS failed: the server's certificate, or the name in it, is not right");
}

/* A server that requires a certificate of its clients breaks the connection if there is none, after what
 * looks like a good handshake. A server that has too many connections says so instead of its first line,
 * which the library may take for a broken one. */
static int explain_break(struct pinion_broker *broker, natsStatus status)
{
    char info[INFO_MAX] = "";
    const char *said = nats_GetLastError(NULL);
    read_info(&broker->url, info);
    if (strcmp(broker->url.scheme, "tls") == 0 && says(info, "tls_verify"))
        return explain_tls(broker);
    if (strcasestr(info, "maximum connections") || (said && strcasestr(said, "maximum connections")))
        return pinion__broker_explain(broker, PINION_EIO,
                                      "the server has as many connections as it may (max_connections)");
    return pinion__broker_explain(broker, PINION_EIO, "%s", natsStatus_GetText(status));
}

int pinion__nats_explain(struct pinion_broker *broker, natsStatus status)
{
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return pinion__broker_explain(broker, PINION_EACCES,
                                      "the server refuses the user, the password or the token");
    case NATS_SECURE_CONNECTION_WANTED:
        return pinion__broker_explain(broker, PINION_EINVAL, "the server has no TLS; nats:// does without");
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_SSL_ERROR:
        return explain_tls(broker);
    case NATS_INVALID_ARG:
    case NATS_ADDRESS_MISSING:
        return pinion__broker_explain(broker, PINION_EINVAL, "the address or a setting is not valid");
    case NATS_NO_MEMORY:
        return pinion__broker_explain(broker, PINION_EIO, "out of memory");
    case NATS_ERR:
    case NATS_PROTOCOL_ERROR:
    case NATS_IO_ERROR:
    case NATS_CONNECTION_CLOSED:
        return explain_break(broker, status);
    default:
        return pinion__broker_explain(broker, PINION_EIO, "%s", natsStatus_GetText(status));
    }
}

/* ---- what is not permitted ---- */

/* `Permissions Violation for Subscription to "subject"`, or for Publish. */
bool pinion__nats_refusal(const char *text, enum pinion_broker_act *act, char subject[PINION_SUBJECT_MAX],
                          bool *cut)
{
    const char *start = strchr(text, '"'), *end = start ? strchr(start + 1, '"') : NULL;
    size_t len = end ? (size_t)(end - start - 1) : start ? strlen(start + 1) : 0;
    if (len == 0 || len >= PINION_SUBJECT_MAX || !strcasestr(text, "permissions violation"))
        return false;
    *cut = !end;
    *act = strcasestr(text, "subscription") && strcasestr(text, "subscription") < start
               ? PINION_BROKER_SUBSCRIBE
               : PINION_BROKER_PUBLISH;
    memcpy(subject, start + 1, len);
    subject[len] = '\0';
    return true;
}
