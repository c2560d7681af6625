/* Several threads may need the tree, or the copy of a borrowed payload, at the same time. Each makes its own
 * and publishes it by compare-exchange: the first one is kept, the others are dropped. */
#include "proto/payload.h"
#include "base/misuse.h"
#include "base/quote.h"
#include "base/stock.h"
#include "proto/json_number.h"
#include "proto/json_scan.h"
#include "proto/json_tree.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

#define WHY_MAX 400 /* the longest text of why a payload could not be built, bytes */

static struct pinion_payload poison = { .type = PINION_PAYLOAD_POISON };

#ifdef PINION_CHECKS
#define FREE_BLOCK pinion__block_keep
#else
#define FREE_BLOCK pinion__block_free
#endif

/* --- making --- */

/* Make a payload with one reference and room for `capacity` bytes behind the struct. NULL when out of
 * memory. */
static struct pinion_payload *new_payload(pinion_payload_type type, size_t capacity)
{
    struct pinion_payload *payload = pinion__block_new(sizeof *payload + capacity);
    if (!payload)
        return NULL;
    *payload = (struct pinion_payload){
        .refs = 1,
        .type = type,
        .bytes = { payload->storage, capacity },
        .room = capacity,
    };
    return payload;
}

static bool is_poison(const struct pinion_payload *payload)
{
    return payload->type == PINION_PAYLOAD_POISON;
}

PINION_PRINTF(1, 2) static pinion_payload *poisoned(const char *format, ...)
{
    char why[WHY_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(why, sizeof why, format, args);
    va_end(args);
    size_t size = len < 0 ? 1 : (size_t)len + 1 < sizeof why ? (size_t)len + 1 : sizeof why;
    struct pinion_payload *payload = len < 0 ? NULL : new_payload(PINION_PAYLOAD_POISON, size);
    if (!payload)
        return &poison;
    memcpy(payload->storage, why, size);
    payload->bytes = pinion__slice(NULL, 0);
    return payload;
}

const char *pinion__payload_why(const pinion_payload *payload)
{
    if (!payload || !is_poison(payload))
        return "";
    return payload == &poison ? "out of memory" : payload->storage;
}

static pinion_payload *copy_json(struct pinion_slice text, bool spaced)
{
    struct pinion_payload *payload = new_payload(PINION_PAYLOAD_JSON, text.len);
    if (!payload)
        return &poison;
    if (spaced)
        payload->bytes.len = (size_t)(pinion__json_compact(payload->storage, text) - payload->storage);
    else
        memcpy(payload->storage, text.ptr, text.len);
    return payload;
}

static pinion_payload *copy_binary(struct pinion_slice bytes)
{
    struct pinion_payload *payload = new_payload(PINION_PAYLOAD_BINARY, bytes.len);
    if (!payload)
        return &poison;
    if (bytes.len)
        memcpy(payload->storage, bytes.ptr, bytes.len);
    return payload;
}

/* Most trees are small: one dump is enough for them. A larger tree is dumped again into more memory. */
static pinion_payload *dump(const json_t *tree)
{
    char small[1024];
    size_t len = json_dumpb(tree, small, sizeof small, DUMP_FLAGS);
    if (len == 0)
        return poisoned("the tree cannot be written: it contains itself, or memory ran out");
    if (len <= sizeof small)
        return copy_json(pinion__slice(small, pinion__json_shorten_reals(small, len)), false);

    struct pinion_payload *payload = new_payload(PINION_PAYLOAD_JSON, len);
    if (!payload)
        return &poison;
    if (json_dumpb(tree, payload->storage, len, DUMP_FLAGS) == len) {
        payload->bytes.len = pinion__json_shorten_reals(payload->storage, len);
        return payload;
    }
    pinion_payload_unref(payload);
    return &poison;
}

static pinion_payload *of_tree(json_t *tree)
{
    pinion_payload *payload = tree ? dump(tree) : poisoned("the tree is NULL");
    json_decref(tree);
    return payload;
}

pinion_payload *pinion_payload_json(json_t *tree)
{
    pinion_payload *payload = of_tree(tree);
    PINION_PAYLOAD_HELD(payload);
    return payload;
}

pinion_payload *pinion_json(const char *format, ...)
{
    json_error_t error;
    va_list args;
    PINION_NEED(format, return poisoned("the format is NULL"));
    va_start(args, format);
    json_t *tree = json_vpack_ex(&error, 0, format, args);
    va_end(args);
    char quoted[PINION_QUOTED];
    pinion_payload *payload = tree ? of_tree(tree)
                                   : poisoned("%s, at %d of %s", error.text, error.position,
                                              pinion__quote(quoted, pinion__slice_str(format)));
    PINION_PAYLOAD_HELD(payload);
    return payload;
}

pinion_payload *pinion_payload_text(const char *text, size_t length)
{
    struct pinion_json_value value;
    struct pinion_slice all = pinion__slice(text, text ? length : 0);
    bool valid =
        pinion__json_scan(all, &value) == 0; /* a text that is not JSON is not quoted: it may be secret */
    pinion_payload *payload =
        valid ? copy_json(value.text, value.spaced) : poisoned("the text of %zu bytes is not JSON", all.len);
    PINION_PAYLOAD_HELD(payload);
    return payload;
}

pinion_payload *pinion_payload_binary(const void *bytes, size_t length)
{
    bool given = bytes || length == 0;
    pinion_payload *payload =
        given ? copy_binary(pinion__slice(bytes, length)) : poisoned("the bytes are NULL");
    PINION_PAYLOAD_HELD(payload);
    return payload;
}

pinion_payload *pinion__payload_reserve(size_t length, char **text)
{
    struct pinion_payload *payload = new_payload(PINION_PAYLOAD_JSON, length);
    *text = payload ? payload->storage : NULL;
    return payload ? payload : &poison;
}

/* --- borrowed payloads and views --- */

void pinion__payload_borrow(struct pinion_payload *payload, pinion_payload_type type,
                            struct pinion_slice bytes, bool spaced)
{
    *payload = (struct pinion_payload){ .type = type, .spaced = spaced, .bytes = bytes };
}

void pinion__payload_borrow_tree(struct pinion_payload *payload, json_t *tree)
{
    *payload = (struct pinion_payload){ .type = PINION_PAYLOAD_JSON, .spaced = true, .tree = tree };
}

void pinion__payload_borrow_end(struct pinion_payload *payload)
{
    json_decref(atomic_load(&payload->tree));
    pinion_payload_unref(atomic_load(&payload->copy));
}

static pinion_payload *copy_borrowed(struct pinion_payload *payload)
{
    if (payload->type == PINION_PAYLOAD_BINARY)
        return copy_binary(payload->bytes);
    return payload->bytes.ptr ? copy_json(payload->bytes, payload->spaced)
                              : dump(atomic_load(&payload->tree));
}

/* The heap copy of a borrowed payload, which holds the reference to it. Poison when out of memory. */
static pinion_payload *heap_copy(struct pinion_payload *payload)
{
    pinion_payload *found = atomic_load(&payload->copy);
    if (found)
        return found;
    pinion_payload *made = copy_borrowed(payload);
    if (made == &poison || atomic_compare_exchange_strong(&payload->copy, &found, made))
        return made;
    pinion_payload_unref(made);
    return found;
}

pinion_payload *pinion__payload_view(pinion_payload *base)
{
    if (!base)
        return NULL;
    pinion_payload *shared = pinion__payload_ref(base);
    if (is_poison(shared))
        return shared;
    struct pinion_payload *view = new_payload(shared->type, 0);
    if (!view) {
        pinion_payload_unref(shared);
        return &poison;
    }
    view->bytes = shared->bytes;
    view->is_view = true;
    view->base = shared;
    return view;
}

/* --- references --- */

static bool is_borrowed(struct pinion_payload *payload)
{
    return payload != &poison && atomic_load_explicit(&payload->refs, memory_order_relaxed) == 0;
}

pinion_payload *pinion__payload_ref(const pinion_payload *payload)
{
    struct pinion_payload *counted = (struct pinion_payload *)payload;
    if (!counted)
        return NULL;
    if (is_borrowed(counted))
        counted = heap_copy(counted);
    if (counted != &poison)
        atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

#define ONLY_LENT "the payload is only lent to a callback: call pinion_payload_ref first"

#ifdef PINION_CHECKS
void pinion__payload_not_gone(const pinion_payload *payload, const char *where)
{
    if (pinion__is_gone(payload))
        pinion__misuse(where, "the payload was consumed or freed already");
}

void pinion__payload_consumed(const pinion_payload *payload, const char *where)
{
    if (!payload)
        return;
    pinion__payload_not_gone(payload, where);
    if (is_borrowed((struct pinion_payload *)payload))
        pinion__misuse(where, ONLY_LENT);
}
#endif

pinion_payload *pinion_payload_ref(const pinion_payload *payload)
{
    PINION_PAYLOAD_NOT_GONE(payload);
    pinion_payload *counted = pinion__payload_ref(payload);
    PINION_PAYLOAD_HELD(counted);
    return counted;
}

/* A borrowed payload has no references to give back; `refs` stays 0. */
__attribute__((cold, noinline)) static void refuse_lent(pinion_payload *payload)
{
    atomic_store(&payload->refs, 0);
    pinion__misuse("pinion_payload_unref", ONLY_LENT);
}

__attribute__((noinline)) static void free_payload(pinion_payload *payload)
{
    PINION_HELD_GONE(payload);
    json_decref(atomic_load(&payload->tree));
    pinion_payload *base = payload->is_view ? payload->base : NULL;
    FREE_BLOCK(payload, sizeof *payload + (payload->is_view ? 0 : payload->room));
    pinion_payload_unref(base);
}

void pinion_payload_unref(pinion_payload *payload)
{
    if (!payload || payload == &poison)
        return;
    PINION_PAYLOAD_NOT_GONE(payload);
    unsigned before = atomic_fetch_sub_explicit(&payload->refs, 1, memory_order_acq_rel);
    if (before == 1)
        free_payload(payload);
    else if (before == 0)
        refuse_lent(payload);
}

/* --- reading --- */

pinion_payload_type pinion_payload_kind(const pinion_payload *payload)
{
    PINION_PAYLOAD_NOT_GONE(payload);
    return payload ? payload->type : PINION_PAYLOAD_JSON;
}

const char *pinion_payload_bytes(const pinion_payload *payload, size_t *length)
{
    struct pinion_slice bytes = pinion__slice_str("{}");
    PINION_NEED(length, return NULL);
    PINION_PAYLOAD_NOT_GONE(payload);
    if (payload && payload->spaced)
        bytes = heap_copy((struct pinion_payload *)payload)->bytes;
    else if (payload)
        bytes = payload->bytes;
    *length = bytes.len;
    return bytes.ptr;
}

json_t *pinion_payload_tree(const pinion_payload *payload)
{
    PINION_PAYLOAD_NOT_GONE(payload);
    if (!payload || payload->type != PINION_PAYLOAD_JSON)
        return NULL;
    struct pinion_payload *cache = (struct pinion_payload *)payload;
    json_t *found = atomic_load(&cache->tree);
    if (found)
        return found;
    json_t *made = pinion__json_tree(payload->bytes, NULL);
    if (!made || atomic_compare_exchange_strong(&cache->tree, &found, made))
        return made;
    json_decref(made);
    return found;
}

json_t *pinion_payload_get(const pinion_payload *payload, const char *key)
{
    PINION_NEED(key, return NULL);
    PINION_PAYLOAD_NOT_GONE(payload);
    return json_object_get(pinion_payload_tree(payload), key);
}
