#include "pubsub/outgoing.h"
#include "base/log.h"
#include <errno.h>
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int pinion__outgoing_init(struct pinion_outgoing *queue, size_t max)
{
    *queue = (struct pinion_outgoing){ .max = max };
    pinion__list_init(&queue->items);
    queue->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (queue->wake_fd < 0)
        return pinion__fail_system(errno, "pubsub: cannot make an eventfd");
    if (pinion__lock_init(&queue->lock, PINION_RANK_OUTGOING) == 0)
        return 0;
    close(queue->wake_fd);
    return PINION_ENOMEM;
}

void pinion__outgoing_release(struct pinion_outgoing *queue)
{
    pinion__outgoing_free_all(&queue->items);
    pinion__lock_destroy(&queue->lock);
    close(queue->wake_fd);
}

struct pinion_outgoing_item *pinion__outgoing_item(enum pinion_outgoing_kind kind, const char *name,
                                                   const void *bytes, size_t len)
{
    size_t name_len = name ? strlen(name) : 0;
    struct pinion_outgoing_item *item = malloc(sizeof *item + name_len + 1 + len);
    if (!item)
        return NULL;
    char *at = item->storage;
    *item = (struct pinion_outgoing_item){ .kind = kind, .name = at, .bytes = at + name_len + 1, .len = len };
    pinion__list_init(&item->node);
    if (name_len)
        memcpy(at, name, name_len);
    at[name_len] = '\0';
    if (len)
        memcpy(at + name_len + 1, bytes, len);
    return item;
}

int pinion__outgoing_put(struct pinion_outgoing *queue, struct pinion_outgoing_item *item)
{
    int rc = queue->closed                           ? PINION_ECLOSED
             : item->len > queue->max                ? PINION_ETOOBIG
             : queue->bytes > queue->max - item->len ? PINION_EBUSY
                                                     : 0;
    if (rc) {
        free(item);
        return rc;
    }
    bool wakes = pinion__list_empty(&queue->items) || item->kind == PINION_OUTGOING_SUBSCRIBE;
    pinion__list_append(&queue->items, &item->node);
    queue->bytes += item->len;
    if (wakes)
        pinion__outgoing_wake(queue);
    return 0;
}

void pinion__outgoing_wake(struct pinion_outgoing *queue)
{
    const uint64_t one = 1;
    while (write(queue->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ; /* it can fail otherwise only if wake_fd is readable already */
}

void pinion__outgoing_take(struct pinion_outgoing *queue, struct pinion_list *out)
{
    uint64_t count;
    ssize_t n = read(queue->wake_fd, &count, sizeof count);
    (void)n;
    pinion__list_splice(out, &queue->items);
    queue->bytes = 0;
}

void pinion__outgoing_return(struct pinion_outgoing *queue, struct pinion_list *items)
{
    PINION_LIST_FOREACH (node, items) {
        queue->bytes += PINION_CONTAINER_OF(node, struct pinion_outgoing_item, node)->len;
    }
    pinion__list_splice(items, &queue->items);
    pinion__list_splice(&queue->items, items);
}

struct pinion_outgoing_item *pinion__outgoing_shift(struct pinion_list *items)
{
    if (pinion__list_empty(items))
        return NULL;
    struct pinion_outgoing_item *item = PINION_CONTAINER_OF(items->next, struct pinion_outgoing_item, node);
    pinion__list_remove(&item->node);
    return item;
}

void pinion__outgoing_free_all(struct pinion_list *items)
{
    struct pinion_outgoing_item *item;
    while ((item = pinion__outgoing_shift(items)))
        free(item);
}
