/* Runs a fuzz target on the files of its corpus, regressions included. Each file is a test. */
#include "fuzz.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#ifndef CORPUS_DIRECTORY
#error "CORPUS_DIRECTORY is the directory of the corpus"
#endif

#define FILES_MAX 1000

static struct CMUnitTest tests[FILES_MAX];
static size_t test_count;

static void replay(void **state)
{
    struct stat status;
    FILE *file = fopen(*state, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    size_t size = (size_t)status.st_size;
    uint8_t *data = allocate(size);
    assert_int_equal(fread(data, 1, size, file), size);
    fclose(file);
    assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
    free(data);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Add the files of a directory and its subdirectories. */
static void add_directory(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_visible, alphasort);
    if (count < 0) {
        perror(directory);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        struct stat status;
        REQUIRE(asprintf(&path, "%s/%s", directory, entries[i]->d_name) > 0);
        REQUIRE(stat(path, &status) == 0 && test_count < FILES_MAX);
        if (S_ISDIR(status.st_mode)) {
            add_directory(path);
            free(path);
        } else {
            tests[test_count++] =
                (struct CMUnitTest){ .name = path, .test_func = replay, .initial_state = path };
        }
        free(entries[i]);
    }
    free(entries);
}

int main(void)
{
    add_directory(CORPUS_DIRECTORY);
    int failed = _cmocka_run_group_tests("corpus", tests, test_count, NULL, NULL);
    for (size_t i = 0; i < test_count; i++)
        free(tests[i].initial_state);
    return failed;
}
