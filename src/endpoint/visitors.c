#include "endpoint/visitors.h"
#include "base/list.h"
#include "base/log_limit.h"
#include "io/peer.h"
#include <stdlib.h>
#include <string.h>

struct visitor {
    struct pinion_map_node node;
    uint8_t address[16];
    size_t count; /* its connections */
};

struct visit {
    struct pinion_map_node node;
    const struct pinion_conn *conn;
    struct visitor *visitor;
};

static struct pinion_slice visitor_name(const struct pinion_map_node *node)
{
    const struct visitor *visitor = PINION_CONTAINER_OF((struct pinion_map_node *)node, struct visitor, node);
    return pinion__slice((const char *)visitor->address, sizeof visitor->address);
}

static struct pinion_slice visit_name(const struct pinion_map_node *node)
{
    const struct visit *visit = PINION_CONTAINER_OF((struct pinion_map_node *)node, struct visit, node);
    return pinion__slice((const char *)&visit->conn, sizeof visit->conn);
}

void pinion__visitors_init(struct pinion_visitors *visitors)
{
    pinion__lock_init(&visitors->lock, PINION_RANK_VISITORS);
    pinion__map_init(&visitors->addresses, visitor_name);
    pinion__map_init(&visitors->visits, visit_name);
}

void pinion__visitors_limit(struct pinion_visitors *visitors, size_t max,
                            const struct pinion_network *trusted, size_t trusted_count)
{
    visitors->max = max;
    visitors->trusted = trusted;
    visitors->trusted_count = trusted_count;
}

void pinion__visitors_release(struct pinion_visitors *visitors)
{
    pinion__map_release(&visitors->addresses);
    pinion__map_release(&visitors->visits);
    pinion__lock_destroy(&visitors->lock);
}

/* ---- under the lock ---- */

static struct visitor *visitor_of(struct pinion_visitors *visitors, const uint8_t address[16])
{
    struct pinion_slice name = pinion__slice((const char *)address, 16);
    uint64_t hash = pinion__hash(name);
    struct pinion_map_node *node = pinion__map_find(&visitors->addresses, name, hash);
    if (node)
        return PINION_CONTAINER_OF(node, struct visitor, node);
    struct visitor *visitor = calloc(1, sizeof *visitor);
    if (!visitor)
        return NULL;
    memcpy(visitor->address, address, sizeof visitor->address);
    if (pinion__map_insert(&visitors->addresses, &visitor->node, hash) == 0)
        return visitor;
    free(visitor);
    return NULL;
}

static void forget_absent(struct pinion_visitors *visitors, struct visitor *visitor)
{
    if (visitor->count > 0)
        return;
    pinion__map_remove(&visitors->addresses, &visitor->node);
    free(visitor);
}

static void count_visit(struct pinion_visitors *visitors, struct visitor *visitor,
                        const struct pinion_conn *conn)
{
    struct visit *visit = malloc(sizeof *visit);
    if (!visit)
        return;
    *visit = (struct visit){ .conn = conn, .visitor = visitor };
    if (pinion__map_insert(&visitors->visits, &visit->node, pinion__hash(visit_name(&visit->node))) == 0)
        visitor->count++;
    else
        free(visit);
}

static bool enter(struct pinion_visitors *visitors, const uint8_t address[16], const struct pinion_conn *conn)
{
    struct visitor *visitor = visitor_of(visitors, address);
    if (!visitor)
        return true;
    if (visitor->count >= visitors->max)
        return false;
    count_visit(visitors, visitor, conn);
    forget_absent(visitors, visitor); /* in case there was no memory for its visit */
    return true;
}

/* ---- from the loops ---- */

bool pinion__visitors_enter(struct pinion_visitors *visitors, const struct pinion_conn *conn)
{
    uint8_t address[16];
    uint16_t port;
    if (visitors->max == 0 || !pinion__peer_of(conn, address, &port) ||
        pinion__networks_have(visitors->trusted, visitors->trusted_count, address))
        return true;
    pinion__peer_network(address);
    pinion__lock(&visitors->lock);
    bool entered = enter(visitors, address, conn);
    pinion__unlock(&visitors->lock);
    if (!entered)
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "a connection is refused: %s has %zu open already (max_connections_per_address)",
                           pinion__peer_name(conn, (char[INET6_ADDRSTRLEN]){ 0 }), visitors->max);
    return entered;
}

void pinion__visitors_leave(struct pinion_visitors *visitors, const struct pinion_conn *conn)
{
    if (visitors->max == 0)
        return;
    struct pinion_slice name = pinion__slice((const char *)&conn, sizeof conn);
    pinion__lock(&visitors->lock);
    struct pinion_map_node *node = pinion__map_find(&visitors->visits, name, pinion__hash(name));
    if (node) {
        struct visit *visit = PINION_CONTAINER_OF(node, struct visit, node);
        pinion__map_remove(&visitors->visits, node);
        visit->visitor->count--;
        forget_absent(visitors, visit->visitor);
        free(visit);
    }
    pinion__unlock(&visitors->lock);
}
