/* Subjects: the names under which nodes meet at a broker. The input is a base, a line feed and a name; both
 * end at a NUL. The subject of a node is read as that node, and has only characters that every broker allows.
 * What is read of any subject is written as its last part again, apart from needless escapes.
 *
 * Fuzzes: src/pubsub/subject.c */
#include "fuzz.h"
#include "pubsub/subject.h"

/* A terminated copy of the bytes before a NUL, cut to `max`. */
static char *text_of(struct pinion_slice part, size_t max)
{
    size_t len = part.len < max ? part.len : max;
    char *text = allocate(len + 1);
    if (len)
        memcpy(text, part.ptr, len);
    text[len] = '\0';
    return text;
}

static bool is_plain(const char *token)
{
    return strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:%") ==
           strlen(token);
}

static void check_written(const char *base, const char *name)
{
    static const enum pinion_subject kinds[] = { PINION_SUBJECT_ALL, PINION_SUBJECT_TOPIC,
                                                 PINION_SUBJECT_NODE, PINION_SUBJECT_NODES };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char *subject = allocate(PINION_SUBJECT_MAX), *node = allocate(256);
        size_t len = pinion__subject(subject, base, kinds[i], name);
        REQUIRE(len < PINION_SUBJECT_MAX && strlen(subject) == len);
        REQUIRE(memcmp(subject, base, strlen(base)) == 0 && is_plain(strrchr(subject, '.') + 1));
        if (kinds[i] == PINION_SUBJECT_NODE) { /* a node has a name */
            REQUIRE(pinion__subject_node(subject, node) == (*name != '\0'));
            REQUIRE(!*name || strcmp(node, name) == 0);
        }
        free(node);
        free(subject);
    }
}

static void check_base(const char *prefix, const char *cluster)
{
    char *base = allocate(PINION_SUBJECT_BASE_MAX + 1);
    if (strlen(prefix) <= PINION_SUBJECT_PREFIX_MAX && strlen(cluster) <= PINION_CLUSTER_NAME_MAX) {
        pinion__subject_base(base, prefix, cluster);
        REQUIRE(strlen(base) == strlen(prefix) + strlen(".cluster.") + strlen(cluster));
        pinion__subject_base(base, prefix, NULL);
        REQUIRE(strcmp(base, prefix) == 0);
    }
    free(base);
}

static void check_read(const char *subject)
{
    char *node = allocate(256), *again = allocate(256), *written = allocate(PINION_SUBJECT_MAX);
    if (pinion__subject_node(subject, node)) {
        REQUIRE(strnlen(node, 256) < 256);
        pinion__subject(written, "base", PINION_SUBJECT_NODE, node);
        REQUIRE(pinion__subject_node(written, again) && strcmp(node, again) == 0);
    }
    free(written);
    free(again);
    free(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    char *whole = text_of(input_rest(&input), size);
    char *base = text_of(input_until(&input, '\n'), PINION_SUBJECT_BASE_MAX);
    char *name = text_of(input_rest(&input), 255);
    check_written(base, name);
    check_base(base, name);
    check_read(whole);
    free(name);
    free(base);
    free(whole);
    return 0;
}
