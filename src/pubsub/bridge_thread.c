/* The thread of a bridge. It waits for news on the line, for frames of the other end, and for what other
 * threads have queued. An end begins with a hello, and answers the other's hello by a heard. */
#include "base/clock.h"
#include "pubsub/bridge_int.h"
#include "pubsub/envelope.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES    (64u << 10)
#define READS_AT_ONCE 16   /* before other work has its turn */
#define SEND_FRAMES   32   /* in one call */
#define LAST_MS       1000 /* how long the end may take */

/* ---- what start waits for ---- */

static void settle(struct pinion_bridge *bridge)
{
    pinion__lock(&bridge->queue.lock);
    bridge->settled = true;
    pthread_cond_signal(&bridge->settling);
    pinion__unlock(&bridge->queue.lock);
}

/* ---- frames that wait to be sent ---- */

/* The kind of frame is kept in the item's ticket; 0: a message. */
static enum pinion_bridge_frame kind_of(const struct pinion_outgoing_item *item)
{
    return item->ticket ? (enum pinion_bridge_frame)item->ticket : PINION_BRIDGE_MESSAGE;
}

static int say(struct pinion_bridge *bridge, enum pinion_bridge_frame kind, const char *body, size_t len)
{
    struct pinion_outgoing_item *item = pinion__outgoing_item(PINION_OUTGOING_MESSAGE, NULL, body, len);
    if (!item)
        return PINION_ENOMEM;
    item->ticket = kind;
    pinion__list_append(&bridge->sending, &item->node);
    return 0;
}

static int say_hello(struct pinion_bridge *bridge)
{
    char hello[1 + PINION_NODE_MAX];
    size_t len = strlen(bridge->node);
    hello[0] = PINION_BRIDGE_VERSION;
    memcpy(hello + 1, bridge->node, len);
    return say(bridge, PINION_BRIDGE_HELLO, hello, 1 + len);
}

/* What was taken still counts, until it is sent. */
static void take_queued(struct pinion_bridge *bridge)
{
    struct pinion_list taken = PINION_LIST_HEAD(taken);
    pinion__lock(&bridge->queue.lock);
    size_t bytes = bridge->queue.bytes;
    pinion__outgoing_take(&bridge->queue, &taken);
    bridge->queue.bytes = bytes;
    if (bridge->queue.closed && bridge->ends == 0)
        bridge->ends = pinion__clock_ms() + LAST_MS;
    pinion__unlock(&bridge->queue.lock);
    pinion__list_splice(&bridge->sending, &taken);
}

/* Frames that were sent as a whole. */
static void forget_sent(struct pinion_bridge *bridge, size_t written)
{
    size_t messages = 0;
    bridge->sent += written;
    while (!pinion__list_empty(&bridge->sending)) {
        struct pinion_outgoing_item *item =
            PINION_CONTAINER_OF(bridge->sending.next, struct pinion_outgoing_item, node);
        if (bridge->sent < PINION_BRIDGE_HEAD + item->len)
            break;
        bridge->sent -= PINION_BRIDGE_HEAD + item->len;
        messages += kind_of(item) == PINION_BRIDGE_MESSAGE ? item->len : 0;
        free(pinion__outgoing_shift(&bridge->sending));
    }
    pinion__lock(&bridge->queue.lock);
    bridge->queue.bytes -= messages;
    pinion__unlock(&bridge->queue.lock);
}

/* ---- the other end comes and goes ---- */

/* What waits for it is for nobody. */
static void part(struct pinion_bridge *bridge, const char *why)
{
    char peer[sizeof bridge->peer];
    if (bridge->peer_fd < 0)
        return;
    close(bridge->peer_fd);
    bridge->peer_fd = -1;
    pinion__bridge_reader_release(&bridge->reader);
    pinion__lock(&bridge->queue.lock);
    memcpy(peer, bridge->peer, sizeof peer);
    bridge->peer[0] = '\0';
    pinion__list_splice(&bridge->sending, &bridge->queue.items);
    bridge->queue.bytes = 0;
    pinion__unlock(&bridge->queue.lock);
    pinion__outgoing_free_all(&bridge->sending);
    bridge->sent = 0;
    if (peer[0]) {
        bridge->events->connection(bridge->core, false, why);
        bridge->events->node(bridge->core, peer, false);
    }
    settle(bridge);
}

static void meet(struct pinion_bridge *bridge, int fd)
{
    part(bridge, "another one has taken its place");
    bridge->peer_fd = fd;
    if (say_hello(bridge) != 0)
        part(bridge, "out of memory");
}

/* ---- what the other end sends ---- */

static int on_hello(struct pinion_bridge *bridge, struct pinion_slice body)
{
    struct pinion_slice node = pinion__slice(body.ptr + 1, body.len ? body.len - 1 : 0);
    if (body.len == 0 || body.ptr[0] != PINION_BRIDGE_VERSION)
        return PINION_ENOTSUP;
    if (!pinion__is_node_id(node) || bridge->peer[0])
        return PINION_EPROTO;
    pinion__lock(&bridge->queue.lock);
    memcpy(bridge->peer, node.ptr, node.len);
    bridge->peer[node.len] = '\0';
    pinion__unlock(&bridge->queue.lock);
    bridge->events->connection(bridge->core, true, bridge->peer);
    bridge->events->node(bridge->core, bridge->peer, true);
    return say(bridge, PINION_BRIDGE_HEARD, NULL, 0);
}

static int on_frame(void *context, unsigned kind, struct pinion_slice body)
{
    struct pinion_bridge *bridge = context;
    if (kind == PINION_BRIDGE_HELLO)
        return on_hello(bridge, body);
    if (kind == PINION_BRIDGE_HEARD)
        settle(bridge);
    else if (kind == PINION_BRIDGE_MESSAGE)
        bridge->events->received(bridge->core, body.ptr, body.len);
    return 0;
}

static const char *why_ended(int rc)
{
    return rc == PINION_ENOTSUP ? "it speaks another version" : pinion_strerror(rc);
}

/* Returns false when nothing is left for now. */
static bool read_some(struct pinion_bridge *bridge)
{
    char bytes[READ_BYTES];
    ssize_t len = recv(bridge->peer_fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOMEM || errno == ENOBUFS))
        return false;
    if (len <= 0) {
        part(bridge, "it has ended");
        return false;
    }
    int rc = pinion__bridge_read(&bridge->reader, pinion__slice(bytes, (size_t)len), on_frame, bridge);
    if (rc)
        part(bridge, why_ended(rc));
    return !rc && (size_t)len == sizeof bytes;
}

static void hear_peer(struct pinion_bridge *bridge)
{
    for (int i = 0; i < READS_AT_ONCE && bridge->peer_fd >= 0; i++) {
        if (!read_some(bridge))
            return;
    }
}

/* ---- what is sent to it ---- */

/* Two pieces for each frame. Of the first frame, `sent` bytes are left out. */
static int gather(struct pinion_bridge *bridge, struct iovec *pieces, char (*heads)[PINION_BRIDGE_HEAD])
{
    size_t skip = bridge->sent;
    int frames = 0;
    PINION_LIST_FOREACH (link, &bridge->sending) {
        struct pinion_outgoing_item *item = PINION_CONTAINER_OF(link, struct pinion_outgoing_item, node);
        size_t of_head = skip < PINION_BRIDGE_HEAD ? skip : PINION_BRIDGE_HEAD, of_body = skip - of_head;
        if (frames == SEND_FRAMES)
            break;
        pinion__bridge_head(heads[frames], kind_of(item), item->len);
        pieces[2 * frames] = (struct iovec){ heads[frames] + of_head, PINION_BRIDGE_HEAD - of_head };
        pieces[2 * frames + 1] = (struct iovec){ (char *)item->bytes + of_body, item->len - of_body };
        frames++;
        skip = 0;
    }
    return frames;
}

/* Returns false when the kernel takes no more for now. */
static bool send_some(struct pinion_bridge *bridge)
{
    char heads[SEND_FRAMES][PINION_BRIDGE_HEAD];
    struct iovec pieces[2 * SEND_FRAMES];
    int frames = gather(bridge, pieces, heads);
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = (size_t)(2 * frames) };
    ssize_t written = sendmsg(bridge->peer_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written >= 0)
        forget_sent(bridge, (size_t)written);
    else if (errno != EAGAIN && errno != EINTR && errno != ENOMEM && errno != ENOBUFS)
        part(bridge, "it has ended");
    return written > 0;
}

static void tell_peer(struct pinion_bridge *bridge)
{
    while (bridge->peer_fd >= 0 && !pinion__list_empty(&bridge->sending)) {
        if (!send_some(bridge))
            return;
    }
}

/* ---- the line ---- */

static void hear_line(struct pinion_bridge *bridge)
{
    int peer = -1;
    switch (bridge->news.hear(bridge->news.context, bridge->line, &peer)) {
    case PINION_BRIDGE_PEER:
        meet(bridge, peer);
        break;
    case PINION_BRIDGE_OVER:
        close(bridge->line);
        bridge->line = -1;
        settle(bridge);
        break;
    case PINION_BRIDGE_ALONE:
        settle(bridge);
        break;
    case PINION_BRIDGE_NOTHING:
        break;
    }
}

/* ---- the thread ---- */

/* How long to wait, ms; -1: for an event. */
static int patience(const struct pinion_bridge *bridge)
{
    if (bridge->ends == 0)
        return -1;
    uint64_t now = pinion__clock_ms();
    return bridge->ends > now ? (int)(bridge->ends - now) : 0;
}

static void await_event(struct pinion_bridge *bridge)
{
    bool waits = !pinion__list_empty(&bridge->sending);
    struct pollfd fds[] = { { .fd = bridge->queue.wake_fd, .events = POLLIN },
                            { .fd = bridge->line, .events = POLLIN },
                            { .fd = bridge->peer_fd, .events = waits ? POLLIN | POLLOUT : POLLIN } };
    if (poll(fds, sizeof fds / sizeof *fds, patience(bridge)) <= 0)
        return;
    if (fds[0].revents)
        take_queued(bridge);
    if (fds[2].revents)
        hear_peer(bridge);
    if (fds[1].revents)
        hear_line(bridge);
}

/* All that was queued before the end is sent, if the other end takes it in time. */
static bool is_over(const struct pinion_bridge *bridge)
{
    if (bridge->ends == 0)
        return false;
    return bridge->peer_fd < 0 || pinion__list_empty(&bridge->sending) || pinion__clock_ms() >= bridge->ends;
}

void *pinion__bridge_run(void *data)
{
    struct pinion_bridge *bridge = data;
    while (!is_over(bridge)) {
        await_event(bridge);
        tell_peer(bridge);
    }
    part(bridge, "this one ends");
    return NULL;
}
