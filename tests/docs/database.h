/* A database of one test's own, in a file. */
#ifndef TESTS_DOCS_DATABASE_H
#define TESTS_DOCS_DATABASE_H

#include "docs/snippet.h"
#include <sqlite3.h>
#include <unistd.h>

static char database[] = "/tmp/pinion-database-XXXXXX";

/* Its tables. Returns what a setup does. */
static inline int database_make(const char *sql)
{
    sqlite3 *db;
    int fd = mkstemp(database);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

/* As a teardown. */
static inline int database_remove(void **state)
{
    return unlink(database);
}

#endif
