#include "engine/assigns.h"
#include "engine/refused.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>
#include <string.h>

/* One block for all: the keys stand behind the values, terminated, in the same order. */
struct pinion_assigns {
    uint32_t refs;
    uint32_t count;
    pinion_payload *values[];
};

static char *keys_of(const struct pinion_assigns *assigns)
{
    return (char *)&assigns->values[assigns->count];
}

static const char *next_key(const char *key)
{
    return key + strlen(key) + 1;
}

static size_t keys_length(const struct pinion_assigns *assigns)
{
    const char *end = keys_of(assigns);
    for (uint32_t i = 0; i < assigns->count; i++)
        end = next_key(end);
    return (size_t)(end - keys_of(assigns));
}

struct pinion_assigns *pinion__assigns_ref(struct pinion_assigns *assigns)
{
    if (assigns)
        assigns->refs++;
    return assigns;
}

void pinion__assigns_unref(struct pinion_assigns *assigns)
{
    if (!assigns || --assigns->refs > 0)
        return;
    for (uint32_t i = 0; i < assigns->count; i++)
        pinion_payload_unref(assigns->values[i]);
    free(assigns);
}

/* Where the value of this key is; NULL: nowhere. */
static pinion_payload **find(struct pinion_assigns *assigns, const char *key)
{
    const char *at = assigns ? keys_of(assigns) : NULL;
    for (uint32_t i = 0; assigns && i < assigns->count; i++, at = next_key(at)) {
        if (strcmp(at, key) == 0)
            return &assigns->values[i];
    }
    return NULL;
}

/* A copy of a set, which may be NULL, and one key more, which may be NULL, with its value. */
static struct pinion_assigns *copy_with(const struct pinion_assigns *from, const char *more,
                                        pinion_payload *value)
{
    uint32_t count = from ? from->count : 0;
    size_t old = from ? keys_length(from) : 0, added = more ? strlen(more) + 1 : 0;
    uint32_t all = count + (more ? 1 : 0);
    struct pinion_assigns *copy = malloc(sizeof *copy + all * sizeof copy->values[0] + old + added);
    if (!copy)
        return NULL;
    copy->refs = 1;
    copy->count = all;
    for (uint32_t i = 0; i < count; i++)
        copy->values[i] = pinion__payload_ref(from->values[i]);
    if (more)
        copy->values[count] = value;
    if (from)
        memcpy(keys_of(copy), keys_of(from), old);
    if (more)
        memcpy(keys_of(copy) + old, more, added);
    return copy;
}

/* Of a key that is not there. Consumes value on success. */
static int add(struct pinion_assigns **assigns, const char *key, pinion_payload *value)
{
    struct pinion_assigns *copy = copy_with(*assigns, key, value);
    if (!copy)
        return PINION_ENOMEM;
    pinion__assigns_unref(*assigns);
    *assigns = copy;
    return 0;
}

/* Have the set for itself. */
static int unshare(struct pinion_assigns **assigns)
{
    if ((*assigns)->refs == 1)
        return 0;
    struct pinion_assigns *copy = copy_with(*assigns, NULL, NULL);
    if (!copy)
        return PINION_ENOMEM;
    pinion__assigns_unref(*assigns);
    *assigns = copy;
    return 0;
}

/* Of a key that is there. Consumes value on success. */
static int replace(struct pinion_assigns **assigns, const char *key, pinion_payload *value)
{
    int rc = unshare(assigns);
    if (rc)
        return rc;
    pinion_payload **at = find(*assigns, key);
    pinion_payload_unref(*at);
    *at = value;
    return 0;
}

static int set(struct pinion_assigns **assigns, const char *key, pinion_payload *value)
{
    if (pinion_payload_kind(value) == PINION_PAYLOAD_POISON)
        return PINION_EPAYLOAD;
    if (!pinion__utf8_name(key, strlen(key)))
        return PINION_EUTF8;
    return find(*assigns, key) ? replace(assigns, key, value) : add(assigns, key, value);
}

int pinion__assigns_set(struct pinion_assigns **assigns, const char *key, pinion_payload *value)
{
    value = pinion__payload_or_empty(value);
    int rc = set(assigns, key, value);
    if (rc)
        pinion_payload_unref(value);
    return rc;
}

/* On an error some are set. */
static int set_each(struct pinion_assigns **assigns, json_t *object)
{
    const char *key;
    json_t *value;
    int rc = 0;
    json_object_foreach(object, key, value)
    {
        if (!rc)
            rc = pinion__assigns_set(assigns, key, pinion_payload_json(json_incref(value)));
    }
    return rc;
}

int pinion__assigns_add(struct pinion_assigns **assigns, const char *object)
{
    pinion_payload *payload = pinion_payload_text(object, strlen(object));
    json_t *tree = pinion_payload_tree(payload);
    struct pinion_assigns *before = pinion__assigns_ref(*assigns);
    int rc = json_is_object(tree) ? set_each(assigns, tree) : PINION_EPAYLOAD;
    if (rc) {
        pinion__assigns_unref(*assigns);
        *assigns = before;
    } else {
        pinion__assigns_unref(before);
    }
    pinion_payload_unref(payload);
    return rc;
}

int pinion__assign(struct pinion_assigns **assigns, const char *key, pinion_payload *value,
                   const struct pinion_refused *call)
{
    struct pinion_refused refused = *call;
    bool poison = pinion_payload_kind(value) == PINION_PAYLOAD_POISON;
    int rc = poison ? PINION_EPAYLOAD : pinion__assigns_set(assigns, key, value);
    refused.payload = poison ? value : NULL;
    if (rc)
        (void)pinion__refuse(&refused, rc);
    if (poison)
        pinion_payload_unref(value);
    return rc;
}

const pinion_payload *pinion__assigns_get(const struct pinion_assigns *assigns, const char *key)
{
    pinion_payload **at = find((struct pinion_assigns *)assigns, key);
    return at ? *at : NULL;
}

pinion_payload *pinion__assigns_object(const struct pinion_assigns *assigns)
{
    json_t *object = json_object();
    const char *key = assigns ? keys_of(assigns) : NULL;
    for (uint32_t i = 0; assigns && i < assigns->count; i++, key = next_key(key)) {
        json_t *value = pinion_payload_tree(assigns->values[i]);
        if (value && json_object_set(object, key, value) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return pinion_payload_json(object);
}
