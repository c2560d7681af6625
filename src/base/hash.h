/* SipHash-1-3 (Aumasson, Bernstein): without the key, nobody can find names that collide. */
#ifndef PINION_BASE_HASH_H
#define PINION_BASE_HASH_H

#include "base/slice.h"
#include <stdint.h>

struct pinion_hash_key {
    uint64_t k0;
    uint64_t k1;
};

/* The hash under the caller's key. */
uint64_t pinion__siphash13(struct pinion_hash_key key, struct pinion_slice bytes);

/* The hash of a name under this process's key. Thread: any. */
uint64_t pinion__hash(struct pinion_slice name);

#endif
