/* What the fuzz targets share. A target is one function that takes any bytes, and stops the process when a
 * property does not hold. libFuzzer calls it with bytes that it makes up (the fuzz preset), replay.c with the
 * files of the corpus (in every test run). */
#ifndef PINION_FUZZ_H
#define PINION_FUZZ_H

#include "base/check.h"
#include "base/slice.h"
#include "base/work.h"
#include "tests/helpers/memory_calls.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), but in every build. */
#define REQUIRE(condition) ((condition) ? (void)0 : require_failed(#condition, __FILE__, __LINE__))

/* The call must return 0. */
#define ok(call) REQUIRE((call) == 0)

static inline _Noreturn void require_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

/* Memory of exactly this size, so that AddressSanitizer finds an access one byte beyond. It must not fail,
 * even when the code under test is short of memory. */
static inline void *allocate(size_t size)
{
    void *memory = memory_call_spared(size ? size : 1);
    REQUIRE(memory);
    return memory;
}

/* A copy in memory of exactly its size, which the caller frees. */
static inline char *copy_exactly(struct pinion_slice bytes)
{
    char *copy = allocate(bytes.len);
    if (bytes.len)
        memcpy(copy, bytes.ptr, bytes.len);
    return copy;
}

/* True when `inner` lies in `outer`. */
static inline bool lies_in(struct pinion_slice inner, struct pinion_slice outer)
{
    return inner.len == 0 || (inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len);
}

/* Input that is read piece by piece. After its end, it has only zeros. */
struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t input_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline unsigned input_pick(struct input *input, unsigned below)
{
    return input_byte(input) % below;
}

static inline struct pinion_slice input_rest(struct input *input)
{
    return pinion__slice((const char *)input->at, input->left);
}

/* The bytes before the next `stop`, which is skipped, or all that are left. */
static inline struct pinion_slice input_until(struct input *input, char stop)
{
    struct pinion_slice part = input_rest(input);
    const char *found = part.len ? memchr(part.ptr, stop, part.len) : NULL;
    size_t taken = found ? (size_t)(found - part.ptr) + 1 : part.len;
    part.len = found ? taken - 1 : taken;
    input->at += taken;
    input->left -= taken;
    return part;
}

/* An act that does more work than `most` (base/work.h) is a fault. */
static inline size_t work_so_far(void)
{
#ifdef PINION_CHECKS
    return pinion__work_done;
#else
    return 0;
#endif
}

static inline void require_work_since(size_t before, size_t most)
{
    PINION_CHECK(pinion__work_check(before, most));
    (void)before, (void)most;
}

/* At most len bytes. */
static inline struct pinion_slice input_bytes(struct input *input, size_t len)
{
    size_t n = len < input->left ? len : input->left;
    struct pinion_slice bytes = pinion__slice((const char *)input->at, n);
    input->at += n;
    input->left -= n;
    return bytes;
}

#endif
