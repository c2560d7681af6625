#include "pubsub/broker_url.h"
#include "base/log.h"
#include "proto/percent.h"
#include "pubsub/subject.h"
#include <errno.h>
#include <stdlib.h>

#define DEFAULT_PREFIX "pinion"
#define DEFAULT_BUFFER (8u << 20)
#define MIN_BUFFER     4096
#define MAX_BUFFER     (1ul << 40)

static int wrong(const char *what)
{
    return pinion__fail(PINION_EINVAL, "pubsub: the URL's %s", what);
}

/* Decode in place. */
static int decode(char *text, const char *what)
{
    long len = pinion__percent_decode(pinion__slice(text, strlen(text)), false, text);
    if (len < 0)
        return wrong(what);
    text[len] = '\0';
    return 0;
}

/* Cut the text at the first such character. Returns what follows it, or NULL. */
static char *cut(char *text, char at)
{
    char *found = strchr(text, at);
    if (!found)
        return NULL;
    *found = '\0';
    return found + 1;
}

/* ---- settings ---- */

static int read_text(const char **out, const char *value)
{
    if (!*value)
        return PINION_EINVAL;
    *out = value;
    return 0;
}

static int read_flag(bool *out, const char *value)
{
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        return PINION_EINVAL;
    *out = *value == '1';
    return 0;
}

static int read_size(size_t *out, const char *value)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(value, &end, 10);
    if (errno || end == value || *end || *value == '-' || number < MIN_BUFFER || number > MAX_BUFFER)
        return PINION_EINVAL;
    *out = number;
    return 0;
}

/* Spaces, dots and wildcards would make it another subject. */
static int read_word(const char **out, const char *value, size_t max)
{
    if (!*value || strlen(value) > max ||
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:") != strlen(value))
        return PINION_EINVAL;
    *out = value;
    return 0;
}

static int read_value(struct pinion_broker_url *url, const char *name, const char *value)
{
    if (strcmp(name, "topics") == 0)
        return read_flag(&url->topics, value);
    if (strcmp(name, "node") == 0)
        return read_text(&url->node, value);
    if (strcmp(name, "prefix") == 0)
        return read_word(&url->prefix, value, PINION_SUBJECT_PREFIX_MAX);
    if (strcmp(name, "cluster") == 0)
        return read_word(&url->cluster, value, PINION_CLUSTER_NAME_MAX);
    if (strcmp(name, "buffer") == 0)
        return read_size(&url->buffer, value);
    if (strcmp(name, "ca") == 0)
        return read_text(&url->ca, value);
    if (strcmp(name, "cert") == 0)
        return read_text(&url->cert, value);
    if (strcmp(name, "key") == 0)
        return read_text(&url->key, value);
    return PINION_ENOENT;
}

/* A setting's name before the last '@' may be a part of a password with a '?' that was not escaped. */
static int refuse_setting(const char *name, int rc, bool secret)
{
    if (secret)
        return wrong(
            "settings are wrong before an '@': write %3F for a '?' in a user or a password, and %40 for "
            "an '@' in a value");
    if (rc == PINION_ENOENT)
        return pinion__fail(
            PINION_EINVAL,
            "pubsub: the URL has an unknown setting \"%s\"; the settings are topics, node, prefix, "
            "cluster, buffer, ca, cert, key",
            name);
    return pinion__fail(PINION_EINVAL, "pubsub: the URL's setting \"%s\" has no valid value", name);
}

static int read_settings(struct pinion_broker_url *url, char *query)
{
    const char *last = query ? strrchr(query, '@') : NULL;
    while (query && *query) {
        char *next = cut(query, '&');
        char *value = cut(query, '=');
        int rc = value ? decode(value, "settings have a broken percent escape") : PINION_EINVAL;
        if (rc == PINION_EINVAL && value)
            return rc;
        if (!rc)
            rc = read_value(url, query, value);
        if (rc)
            return refuse_setting(query, rc, last && query < last);
        query = next;
    }
    return 0;
}

/* ---- host and user ---- */

static int read_port(struct pinion_broker_url *url, const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number == 0 || number > UINT16_MAX)
        return wrong("port is not a number from 1 to 65535");
    url->port = (uint16_t)number;
    return 0;
}

static int read_host(struct pinion_broker_url *url, char *host)
{
    char *rest = host;
    if (*host == '[') {
        rest = strchr(++host, ']');
        if (!rest)
            return wrong("host has a bracket that is not closed");
        *rest++ = '\0';
        if (*rest && *rest != ':')
            return wrong("host is followed by something that is not a port");
    }
    char *port = cut(rest, ':');
    url->host = host;
    if (!*host)
        return wrong("host is missing");
    return port ? read_port(url, port) : 0;
}

static int read_user(struct pinion_broker_url *url, char *user)
{
    char *password = cut(user, ':');
    int rc = decode(user, "user has a broken percent escape");
    if (!rc && password)
        rc = decode(password, "password has a broken percent escape");
    url->user = *user ? user : NULL;
    url->password = password;
    return rc;
}

static int read_authority(struct pinion_broker_url *url, char *authority)
{
    char *at = strrchr(authority, '@');
    if (!at)
        return read_host(url, authority);
    *at = '\0';
    int rc = read_user(url, authority);
    return rc ? rc : read_host(url, at + 1);
}

int pinion__broker_url_read(struct pinion_broker_url *url, const char *text, uint16_t default_port)
{
    *url = (struct pinion_broker_url){ .port = default_port,
                                       .prefix = DEFAULT_PREFIX,
                                       .buffer = DEFAULT_BUFFER };
    url->text = strdup(text);
    if (!url->text)
        return PINION_ENOMEM;
    char *authority = strstr(url->text, "://");
    if (!authority)
        return wrong("scheme is not followed by \"://\"");
    *authority = '\0';
    authority += 3;
    url->scheme = url->text;
    char *query = cut(authority, '?');
    char *path = cut(authority, '/');
    url->path = path ? path : "";
    int rc = read_authority(url, authority);
    return rc ? rc : read_settings(url, query);
}

void pinion__broker_url_release(struct pinion_broker_url *url)
{
    free(url->text);
    url->text = NULL;
}
