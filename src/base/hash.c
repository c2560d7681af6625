/* SipHash with one round for each word and three at the end, the usual variant for hash tables; and the key
 * of this process. */
#include "base/hash.h"
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/random.h>

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline void sip_round(struct sip_state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

static inline void absorb(struct sip_state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t load_word(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The bytes after the last whole word, with the length in the top byte. */
static inline uint64_t last_word(struct pinion_slice bytes)
{
    uint64_t word = (uint64_t)bytes.len << 56;
    size_t rest = bytes.len % 8;

    for (size_t i = 0; i < rest; i++)
        word |= (uint64_t)(unsigned char)bytes.ptr[bytes.len - rest + i] << (8 * i);
    return word;
}

uint64_t pinion__siphash13(struct pinion_hash_key key, struct pinion_slice bytes)
{
    struct sip_state s = {
        .v0 = key.k0 ^ 0x736f6d6570736575,
        .v1 = key.k1 ^ 0x646f72616e646f6d,
        .v2 = key.k0 ^ 0x6c7967656e657261,
        .v3 = key.k1 ^ 0x7465646279746573,
    };

    for (size_t i = 0; i < bytes.len / 8; i++)
        absorb(&s, load_word(bytes.ptr + 8 * i));
    absorb(&s, last_word(bytes));
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static struct pinion_hash_key process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

/* A request this small is neither cut short nor interrupted. It fails only where a sandbox forbids the call.
 * Then the key is made of the 16 random bytes that the kernel gives every new process. */
static void make_process_key(void)
{
    if (getrandom(&process_key, sizeof(process_key), 0) != (ssize_t)sizeof(process_key))
        memcpy(&process_key, (const void *)getauxval(AT_RANDOM), sizeof(process_key));
}

uint64_t pinion__hash(struct pinion_slice name)
{
    pthread_once(&process_key_once, make_process_key);
    return pinion__siphash13(process_key, name);
}
