#include "pubsub/subject.h"
#include <assert.h>
#include <stdbool.h>
#include <string.h>

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == ':';
}

static char *put_name(char *out, const char *name)
{
    static const char digits[] = "0123456789ABCDEF";
    if (!*name)
        *out++ = '%';
    for (; *name; name++) {
        unsigned char byte = (unsigned char)*name;
        if (is_plain(*name)) {
            *out++ = *name;
            continue;
        }
        *out++ = '%';
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
    return out;
}

size_t pinion__subject(char out[PINION_SUBJECT_MAX], const char *prefix, enum pinion_subject kind,
                       const char *name)
{
    static const char *const middle[] = {
        [PINION_SUBJECT_ALL] = ".all",
        [PINION_SUBJECT_TOPIC] = ".topic.",
        [PINION_SUBJECT_NODE] = ".node.",
    };
    assert(strlen(prefix) <= PINION_SUBJECT_PREFIX_MAX);
    char *end = stpcpy(stpcpy(out, prefix), middle[kind]);
    if (kind != PINION_SUBJECT_ALL) {
        assert(strlen(name) <= 255);
        end = put_name(end, name);
        *end = '\0';
    }
    return (size_t)(end - out);
}
