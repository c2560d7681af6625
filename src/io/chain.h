/* A chain of connections: the first that joined it is taken first. A connection is in one chain at a time,
 * and knows by one pointer whether it is in any. */
#ifndef PINION_IO_CHAIN_H
#define PINION_IO_CHAIN_H

#include "io/loop_int.h"
#include <assert.h>

static inline bool pinion__chained(const struct pinion_conn *conn)
{
    return conn->chained != NULL;
}

/* The connection must not be in a chain. */
static inline void pinion__chain_append(struct pinion_chain *chain, struct pinion_conn *conn)
{
    assert(!pinion__chained(conn));
    if (chain->first)
        chain->last->chained = conn;
    else
        chain->first = conn;
    chain->last = conn;
    conn->chained = conn;
}

/* Take the first. The chain must not be empty. */
static inline struct pinion_conn *pinion__chain_take(struct pinion_chain *chain)
{
    struct pinion_conn *conn = chain->first;
    chain->first = conn->chained == conn ? NULL : conn->chained;
    conn->chained = NULL;
    return conn;
}

#endif
