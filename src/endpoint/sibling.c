#include "endpoint/sibling.h"
#include "endpoint/endpoint.h"
#include "process/address.h"
#include "pubsub/bridge.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the line of the bridge ---- */

static int open_line(void *context)
{
    const struct pinion_sibling *sibling = context;
    return sibling->key[0] ? pinion__sibling_ask(sibling->key) : -1;
}

static void note_secret(struct pinion_sibling *sibling, const struct pinion_sibling_news *news)
{
    if (atomic_load_explicit(&sibling->told, memory_order_relaxed))
        return;
    memcpy(sibling->secret, news->secret, sizeof sibling->secret);
    atomic_store_explicit(&sibling->told, true, memory_order_release);
}

static enum pinion_bridge_news hear_line(void *context, int line, int *peer)
{
    struct pinion_sibling_news news;
    pinion__sibling_hear(line, &news);
    *peer = news.fd;
    switch (news.word) {
    case PINION_SIBLING_ALONE:
        note_secret(context, &news);
        return PINION_BRIDGE_ALONE;
    case PINION_SIBLING_JOINED:
        note_secret(context, &news);
        return PINION_BRIDGE_PEER;
    case PINION_SIBLING_OVER:
        return PINION_BRIDGE_OVER;
    case PINION_SIBLING_NOTHING:
        break;
    }
    return PINION_BRIDGE_NOTHING;
}

/* ---- the endpoint ---- */

/* Two children of one supervisor never have the same process id. */
int pinion__sibling_attach(struct pinion_endpoint *endpoint)
{
    const struct pinion_bridge_line line = { open_line, hear_line, &endpoint->sibling };
    pinion_pubsub_adapter *adapter = NULL;
    char node[32];
    if (!pinion__sibling_possible())
        return 0;
    snprintf(node, sizeof node, "child-%d", (int)getpid());
    int rc = pinion__bridge_new(&adapter, node, &line);
    return rc ? rc : pinion__pubsub_attach_bridge(&endpoint->hub.pubsub, adapter);
}

void pinion__sibling_shares(struct pinion_endpoint *endpoint, int fd)
{
    struct pinion_address address;
    char text[PINION_ADDRESS_TEXT];
    _Static_assert(PINION_ADDRESS_TEXT <= PINION_SIBLING_KEY, "an address is a key");
    if (pinion__address_of(fd, &address) == 0)
        snprintf(endpoint->sibling.key, sizeof endpoint->sibling.key, "%s",
                 pinion__address_text(&address, text));
}

int pinion__sibling_begin(struct pinion_endpoint *endpoint)
{
    const struct pinion_sibling *sibling = &endpoint->sibling;
    if (!atomic_load_explicit(&sibling->told, memory_order_acquire))
        return 0;
    return pinion__secret_share(&endpoint->hub.secret,
                                pinion__slice((const char *)sibling->secret, sizeof sibling->secret));
}
