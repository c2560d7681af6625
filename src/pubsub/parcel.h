/* Parcels: what nodes on one broker send each other besides envelopes. A piece carries a part of an envelope
 * that is too large for the broker. A notice says that a node is there.
 *
 *   piece  = 2 1 life number offset total bytes
 *   notice = 2 2 flags life born family cluster node
 *
 *   life, number, offset, total, born, family = varints
 *   cluster, node = length (a byte) bytes
 *
 * The first byte is where an envelope has its version: a node that does not know parcels logs that once. The
 * life is a random number of a node, new in each of its lives. The pieces of a message have the message's
 * number, and come in order. Reading checks everything, and allocates nothing. */
#ifndef PINION_PUBSUB_PARCEL_H
#define PINION_PUBSUB_PARCEL_H

#include "base/slice.h"
#include "pubsub/subject.h"
#include <stdbool.h>
#include <stdint.h>

#define PINION_PARCEL_VERSION    2
#define PINION_PIECE_HEAD_MAX    64 /* bytes of a piece besides those it carries */
#define PINION_NOTICE_LENGTH_MAX (3 + 3 * 10 + 2 + 255 + PINION_CLUSTER_NAME_MAX)

enum pinion_parcel_kind { PINION_PARCEL_PIECE = 1, PINION_PARCEL_NOTICE = 2 };

enum {
    PINION_NOTICE_RUNS = 1, /* it has started: its name is taken */
    PINION_NOTICE_ASKS = 2, /* nodes that receive it answer with a notice of their own */
    PINION_NOTICE_BYE = 4,  /* it leaves */
};

struct pinion_piece {
    uint64_t life;
    uint64_t number;
    uint64_t offset;
    uint64_t total; /* bytes of the whole message */
    struct pinion_slice bytes;
};

struct pinion_notice {
    unsigned flags;
    uint64_t life;
    uint64_t born;   /* microseconds since 1970, by its own clock */
    uint64_t family; /* the same for nodes that replace each other under one supervisor; 0: none */
    struct pinion_slice cluster; /* "": it has no name */
    struct pinion_slice node;
};

/* A parcel that was read. The slices point into its bytes. */
struct pinion_parcel {
    enum pinion_parcel_kind kind;
    struct pinion_piece piece;
    struct pinion_notice notice;
};

/* True for bytes that are a parcel and not an envelope. */
bool pinion__is_parcel(struct pinion_slice bytes);

/* Read a parcel. PINION_EPROTO: malformed, or of an unknown kind. */
int pinion__parcel_read(struct pinion_slice bytes, struct pinion_parcel *out);

/* Write the head of a piece, which its bytes follow. Returns its length, at most PINION_PIECE_HEAD_MAX. */
size_t pinion__piece_head(char out[PINION_PIECE_HEAD_MAX], const struct pinion_piece *piece);

/* Write a notice. Returns its length. */
size_t pinion__notice_write(char out[PINION_NOTICE_LENGTH_MAX], const struct pinion_notice *notice);

#endif
