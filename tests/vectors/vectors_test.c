/* The vectors, replayed in process: the conformance server's channels behind the in-process transport. The
 * format is in README.md; tests/helpers/vector_runner.mjs replays the same files over WebSocket. One test for
 * each vector and version. */
#include "vectors/steps.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef VECTORS_DIRECTORY
#error "VECTORS_DIRECTORY is the directory of the vectors"
#endif

#define TESTS_MAX 4096

struct run {
    json_t *vector;
    const char *vsn;
    char name[600];
};

static struct CMUnitTest tests[TESTS_MAX];
static struct run runs[TESTS_MAX];
static size_t test_count;

static void replay(void **state)
{
    const struct run *run = *state;
    run_vector(run->name, run->vector, run->vsn);
}

static void add(const char *file, json_t *vector, const char *vsn)
{
    struct run *run = &runs[test_count];
    assert_true(test_count < TESTS_MAX);
    run->vector = vector;
    run->vsn = vsn;
    snprintf(run->name, sizeof run->name, "%.255s: %.300s (%s)", file,
             json_string_value(json_object_get(vector, "name")), vsn);
    tests[test_count++] = (struct CMUnitTest){ .name = run->name, .test_func = replay, .initial_state = run };
}

static bool holds(const json_t *list, const char *word)
{
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        if (strcmp(json_string_value(element), word) == 0)
            return true;
    }
    return list == NULL; /* left out: all */
}

/* The vector's own, or the file's. */
static const json_t *setting(const json_t *file, const json_t *vector, const char *name)
{
    const json_t *own = json_object_get(vector, name);
    return own ? own : json_object_get(file, name);
}

static void add_file(const char *name, const json_t *file)
{
    static const char *const versions[] = { "1.0.0", "2.0.0" };
    size_t i;
    json_t *vector;
    json_array_foreach(json_object_get(file, "vectors"), i, vector)
    {
        if (!holds(setting(file, vector, "transport"), "loopback"))
            continue;
        for (size_t v = 0; v < 2; v++) {
            if (holds(setting(file, vector, "vsn"), versions[v]))
                add(name, vector, versions[v]);
        }
    }
}

static json_t *load(const char *name)
{
    char path[1024];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", VECTORS_DIRECTORY, name);
    json_t *file = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!file) {
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
        exit(1);
    }
    return file;
}

static int is_json(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".json") == 0;
}

int main(void)
{
    struct dirent **entries;
    json_t *files[256];
    int count = scandir(VECTORS_DIRECTORY, &entries, is_json, alphasort);
    if (count <= 0 || count > 256) {
        perror(VECTORS_DIRECTORY);
        return 1;
    }
    pinion_log_set_level(PINION_LOG_NONE);
    for (int i = 0; i < count; i++) {
        files[i] = load(entries[i]->d_name);
        add_file(entries[i]->d_name, files[i]);
    }
    int failed = _cmocka_run_group_tests("vectors over loopback", tests, test_count, NULL, NULL);
    for (int i = 0; i < count; i++) {
        json_decref(files[i]);
        free(entries[i]);
    }
    free(entries);
    return failed;
}
