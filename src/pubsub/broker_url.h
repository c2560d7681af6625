/* A broker's URL, and the settings in it:
 *
 *     scheme://[user[:password]@]host[:port][/path][?name=value&…]
 *
 * User, password and values may be percent-encoded. Nothing here puts a user or a password into a message. */
#ifndef PINION_PUBSUB_BROKER_URL_H
#define PINION_PUBSUB_BROKER_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_broker_url {
    char *text; /* the members below point into it */
    const char *scheme;
    const char *user;     /* NULL: none; without a password it may be a token */
    const char *password; /* NULL: none */
    const char *host;     /* without the brackets of an IPv6 address */
    uint16_t port;
    const char *path;    /* without the first slash; "": none */
    const char *node;    /* the name of this node; NULL: one is made up */
    const char *prefix;  /* of subjects or channels; default: "pinion" */
    const char *cluster; /* the name of the cluster; NULL: it has none */
    bool topics;         /* each topic has a subject of its own */
    size_t buffer;       /* bytes that may wait to be sent; default: 8 MiB */
    const char *ca;      /* files for TLS; NULL: none */
    const char *cert;
    const char *key;
};

/* Read a URL. It must be released whatever this returns. PINION_EINVAL, with pinion_error_detail();
 * PINION_ENOMEM. */
int pinion__broker_url_read(struct pinion_broker_url *url, const char *text, uint16_t default_port);
void pinion__broker_url_release(struct pinion_broker_url *url);

#endif
