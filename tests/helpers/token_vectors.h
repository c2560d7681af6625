/* The vectors of tests/vectors/token, and bytes in hexadecimal. Include after cmocka.h. */
#ifndef PINION_TESTS_TOKEN_VECTORS_H
#define PINION_TESTS_TOKEN_VECTORS_H

#include "base/slice.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef VECTORS_DIRECTORY
#error "VECTORS_DIRECTORY is the directory of the vectors"
#endif

/* A file of vectors: a new reference. */
static inline json_t *token_vectors(const char *name)
{
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/token/%s", VECTORS_DIRECTORY, name);
    json_t *file = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!file)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return file;
}

static inline const char *text_of(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

/* The bytes that hexadecimal text stands for; freed by the caller. */
static inline struct pinion_slice from_hex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    char *bytes = malloc(len + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes[i] = (char)value;
    }
    return pinion__slice(bytes, len);
}

static inline void free_bytes(struct pinion_slice bytes)
{
    free((char *)bytes.ptr);
}

#endif
