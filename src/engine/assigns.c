#include "engine/assigns.h"
#include "engine/refused.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>
#include <string.h>

struct assign {
    char *key;
    pinion_payload *value;
};

struct pinion_assigns {
    uint32_t refs;
    uint32_t count;
    struct assign entries[];
};

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
    for (uint32_t i = 0; i < assigns->count; i++) {
        free(assigns->entries[i].key);
        pinion_payload_unref(assigns->entries[i].value);
    }
    free(assigns);
}

static struct assign *find(const struct pinion_assigns *assigns, const char *key)
{
    for (uint32_t i = 0; assigns && i < assigns->count; i++) {
        if (strcmp(assigns->entries[i].key, key) == 0)
            return (struct assign *)&assigns->entries[i];
    }
    return NULL;
}

/* Consumes value. */
static int append(struct pinion_assigns *assigns, const char *key, pinion_payload *value)
{
    char *copy = strdup(key);
    if (!copy || pinion_payload_kind(value) == PINION_PAYLOAD_POISON) {
        int rc = copy ? PINION_EPAYLOAD : PINION_ENOMEM;
        free(copy);
        pinion_payload_unref(value);
        return rc;
    }
    assigns->entries[assigns->count].key = copy;
    assigns->entries[assigns->count].value = value;
    assigns->count++;
    return 0;
}

/* An unshared copy with room for one more. */
static struct pinion_assigns *copy_with_room(const struct pinion_assigns *from)
{
    uint32_t count = from ? from->count : 0;
    struct pinion_assigns *copy = malloc(sizeof *copy + (count + 1) * sizeof(struct assign));
    if (!copy)
        return NULL;
    copy->refs = 1;
    copy->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (append(copy, from->entries[i].key, pinion__payload_ref(from->entries[i].value)) != 0) {
            pinion__assigns_unref(copy);
            return NULL;
        }
    }
    return copy;
}

int pinion__assigns_set(struct pinion_assigns **assigns, const char *key, pinion_payload *value)
{
    value = pinion__payload_or_empty(value);
    int refused = pinion_payload_kind(value) == PINION_PAYLOAD_POISON ? PINION_EPAYLOAD
                  : !pinion__utf8_name(key, strlen(key))              ? PINION_EUTF8
                                                                      : 0;
    if (refused) {
        pinion_payload_unref(value);
        return refused;
    }
    struct pinion_assigns *copy = copy_with_room(*assigns);
    if (!copy) {
        pinion_payload_unref(value);
        return PINION_ENOMEM;
    }
    struct assign *old = find(copy, key);
    if (old) {
        pinion_payload_unref(old->value);
        old->value = value;
    } else {
        int rc = append(copy, key, value);
        if (rc) {
            pinion__assigns_unref(copy);
            return rc;
        }
    }
    pinion__assigns_unref(*assigns);
    *assigns = copy;
    return 0;
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
    const struct assign *entry = find(assigns, key);
    return entry ? entry->value : NULL;
}

pinion_payload *pinion__assigns_object(const struct pinion_assigns *assigns)
{
    json_t *object = json_object();
    for (uint32_t i = 0; assigns && i < assigns->count; i++) {
        json_t *value = pinion_payload_tree(assigns->entries[i].value);
        if (value && json_object_set(object, assigns->entries[i].key, value) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return pinion_payload_json(object);
}
