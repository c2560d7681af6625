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

/* Returns -1 when it is not a name. */
static long read_name(const char *encoded, char out[256])
{
    char text[3 * 255 + 1];
    if (strlen(encoded) >= sizeof text)
        return -1;
    long len = pinion__percent_decode(pinion__slice(encoded, strlen(encoded)), false, text);
    if (len < 0 || len > 255)
        return -1;
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    return len;
}

bool pinion__subject_node(const char *subject, char out[256])
{
    const char *last = strrchr(subject, '.');
    return last && read_name(last + 1, out) > 0;
}

bool pinion__subject_topic(const char *subject, const char *base, char out[256])
{
    char beginning[PINION_SUBJECT_MAX];
    size_t len = (size_t)(stpcpy(stpcpy(beginning, base), ".topic.") - beginning);
    if (strncmp(subject, beginning, len) != 0)
        return false;
    out[0] = '\0';
    return strcmp(subject + len, "%") == 0 || read_name(subject + len, out) > 0;
}
