#include "engine/log_params.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const default_filter[] = { "password", "passwd",        "secret",  "token",
                                              "api_key",  "authorization", "session", NULL };

bool pinion__log_hides(const char *name, const char *const *filter)
{
    for (filter = filter ? filter : default_filter; *filter; filter++) {
        if (strcasestr(name, *filter))
            return true;
    }
    return false;
}

/* A copy of the value without secrets, or NULL when out of memory. */
static json_t *filtered(json_t *value, const char *const *filter)
{
    const char *name;
    json_t *member, *copy;
    size_t i;
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach(value, name, member)
        {
            json_t *own =
                pinion__log_hides(name, filter) ? json_string("[FILTERED]") : filtered(member, filter);
            (void)json_object_set_new(copy, name, own);
        }
        return copy;
    }
    if (!json_is_array(value))
        return json_incref(value);
    copy = json_array();
    json_array_foreach(value, i, member)(void) json_array_append_new(copy, filtered(member, filter));
    return copy;
}

/* Cut the text, but not in the middle of a character. */
static void cut(char *out, size_t size)
{
    static const char ellipsis[] = "...";
    size_t at = size - sizeof ellipsis;
    while (at > 0 && ((unsigned char)out[at] & 0xC0) == 0x80)
        at--;
    memcpy(out + at, ellipsis, sizeof ellipsis);
}

static char *sized_text(const pinion_payload *payload)
{
    size_t len = 0;
    char *text;
    if (!payload)
        return strdup("{}");
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY)
        (void)pinion_payload_bytes(payload, &len);
    return asprintf(&text, "%zu bytes", len) < 0 ? NULL : text;
}

char *pinion__log_params_whole(const pinion_payload *payload, const char *const *filter)
{
    json_t *tree = pinion_payload_tree(payload);
    if (!tree)
        return sized_text(payload);
    json_t *copy = filtered(tree, filter ? filter : default_filter);
    char *text = json_dumps(copy, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(copy);
    return text;
}

void pinion__log_params(char out[PINION_LOG_PARAMS_MAX], const pinion_payload *payload,
                        const char *const *filter)
{
    char *text = pinion__log_params_whole(payload, filter);
    int written = snprintf(out, PINION_LOG_PARAMS_MAX, "%s", text ? text : "");
    if (written >= PINION_LOG_PARAMS_MAX)
        cut(out, PINION_LOG_PARAMS_MAX);
    free(text);
}
