/* URLs of brokers. What is read can be written, with every byte escaped that may be, and is read again as the
 * same. A sentence about a URL that is refused never contains a possible user or password: nothing from
 * before the last '@'.
 *
 * Fuzzes: src/pubsub/broker_url.c */
#include "fuzz.h"
#include "pubsub/broker_url.h"
#include <pinion/error.h>

#define PORT 4222

/* ---- writing ---- */

static char *put(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return out + len;
}

static char *put_encoded(char *out, const char *text)
{
    for (; *text; text++)
        out += sprintf(out, "%%%02X", (unsigned char)*text);
    return out;
}

static char *put_setting(char *out, const char *name, const char *value)
{
    if (!value)
        return out;
    out = put(put(put(out, "&"), name), "=");
    return put_encoded(out, value);
}

static char *put_user(char *out, const struct pinion_broker_url *url)
{
    if (!url->user && !url->password)
        return out;
    out = put_encoded(out, url->user ? url->user : "");
    if (url->password)
        out = put_encoded(put(out, ":"), url->password);
    return put(out, "@");
}

/* An IPv6 address needs the brackets, and other hosts may have them. */
static void write_url(const struct pinion_broker_url *url, char *out)
{
    bool brackets = strchr(url->host, ']') == NULL;
    out = put_user(put(put(out, url->scheme), "://"), url);
    out = put(put(put(out, brackets ? "[" : ""), url->host), brackets ? "]" : "");
    out += sprintf(out, ":%u/%s?buffer=%zu&topics=%d", url->port, url->path, url->buffer, url->topics);
    out = put_setting(out, "node", url->node);
    out = put_setting(out, "prefix", url->prefix);
    out = put_setting(out, "cluster", url->cluster);
    out = put_setting(out, "ca", url->ca);
    out = put_setting(out, "cert", url->cert);
    out = put_setting(out, "key", url->key);
    *out = '\0';
}

/* ---- checks ---- */

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_same(const struct pinion_broker_url *a, const struct pinion_broker_url *b)
{
    REQUIRE(same(a->scheme, b->scheme) && same(a->user, b->user) && same(a->password, b->password));
    REQUIRE(same(a->host, b->host) && a->port == b->port && same(a->path, b->path));
    REQUIRE(same(a->node, b->node) && same(a->prefix, b->prefix) && same(a->cluster, b->cluster));
    REQUIRE(a->topics == b->topics && a->buffer == b->buffer);
    REQUIRE(same(a->ca, b->ca) && same(a->cert, b->cert) && same(a->key, b->key));
}

static void check_within(const struct pinion_broker_url *url, size_t size)
{
    const char *const parts[] = { url->scheme, url->user, url->password, url->host,
                                  url->node,   url->ca,   url->cert,     url->key };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        REQUIRE(!parts[i] || (parts[i] >= url->text && parts[i] + strlen(parts[i]) < url->text + size + 1));
}

static void check_read(const struct pinion_broker_url *url, size_t size)
{
    struct pinion_broker_url again;
    char *text = allocate(3 * size + 300);
    REQUIRE(*url->host && url->port > 0 && (!url->user || *url->user));
    check_within(url, size);
    write_url(url, text);
    REQUIRE(pinion__broker_url_read(&again, text, PORT) == 0);
    check_same(url, &again);
    pinion__broker_url_release(&again);
    free(text);
}

/* The name of a setting is the only part of the URL that a sentence may repeat. */
static void check_refused(const char *text)
{
    const char *detail = pinion_error_detail(), *quote = strchr(detail, '"');
    const char *begin = strstr(text, "://"), *last = strrchr(text, '@');
    REQUIRE(*detail);
    if (!quote || !begin || !last)
        return;
    const char *quote_end = strchr(quote + 1, '"');
    size_t len = quote_end ? (size_t)(quote_end - quote - 1) : strlen(quote + 1);
    REQUIRE(memmem(last, strlen(last), quote + 1, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_broker_url url;
    char *text = allocate(size + 1);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    int rc = pinion__broker_url_read(&url, text, PORT);
    REQUIRE(rc == 0 || rc == PINION_EINVAL);
    if (rc == 0)
        check_read(&url, strlen(text));
    else
        check_refused(text);
    pinion__broker_url_release(&url);
    REQUIRE(!url.text);
    free(text);
    return 0;
}
