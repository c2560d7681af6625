#include "pubsub/subject.h"
#include "proto/percent.h"
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

void pinion__subject_base(char out[PINION_SUBJECT_BASE_MAX + 1], const char *prefix, const char *cluster)
{
    char *end = stpcpy(out, prefix);
    if (cluster)
        stpcpy(stpcpy(end, ".cluster."), cluster);
}

size_t pinion__subject(char out[PINION_SUBJECT_MAX], const char *base, enum pinion_subject kind,
                       const char *name)
{
    static const char *const middle[] = {
        [PINION_SUBJECT_ALL] = ".all",
        [PINION_SUBJECT_TOPIC] = ".topic.",
        [PINION_SUBJECT_NODE] = ".node.",
        [PINION_SUBJECT_NODES] = ".nodes",
    };
    assert(strlen(base) <= PINION_SUBJECT_BASE_MAX);
    char *end = stpcpy(stpcpy(out, base), middle[kind]);
    if (kind == PINION_SUBJECT_TOPIC || kind == PINION_SUBJECT_NODE) {
        assert(strlen(name) <= 255);
        end = put_name(end, name);
        *end = '\0';
    }
    return (size_t)(end - out);
}

bool pinion__subject_node(const char *subject, char out[256])
{
    const char *last = strrchr(subject, '.');
    char text[3 * 255 + 1];
    if (!last || strlen(last + 1) >= sizeof text)
        return false;
    long len = pinion__percent_decode(pinion__slice(last + 1, strlen(last + 1)), false, text);
    if (len <= 0 || len > 255)
        return false;
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    return true;
}
