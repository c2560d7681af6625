/* docs/channels.md, "Joining": the database that says who is a member. */
#include "docs/snippet.h"
#include <sqlite3.h>

static sqlite3 *db;

/* ---- the snippet ---- */

/* Opened with SQLITE_OPEN_FULLMUTEX: any thread may use it. */
static bool database_has_member(const char *room, json_int_t user)
{
    static const char sql[] = "SELECT 1 FROM members WHERE room = ? AND user_id = ? AND NOT banned";
    sqlite3_stmt *row = NULL; /* it stays NULL when the database fails: then nobody is a member */
    sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    sqlite3_bind_text(row, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, user);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    sqlite3_finalize(row);
    return found;
}

/* ---- its tests ---- */

static int open_database(void **state)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    assert_int_equal(sqlite3_open_v2(":memory:", &db, flags, NULL), SQLITE_OK);
    return sqlite3_exec(db,
                        "CREATE TABLE members (room, user_id INTEGER, banned INTEGER);"
                        "INSERT INTO members VALUES ('private:club', 7, 0), ('private:club', 8, 1)",
                        NULL, NULL, NULL);
}

static int close_database(void **state)
{
    return sqlite3_close(db);
}

static void members_are_found(void **state)
{
    assert_true(database_has_member("private:club", 7));
    assert_false(database_has_member("private:palace", 7));
}

static void who_is_banned_or_unknown_is_not(void **state)
{
    assert_false(database_has_member("private:club", 8));
    assert_false(database_has_member("private:club", 9));
}

static void a_database_that_fails_has_no_members(void **state)
{
    assert_int_equal(sqlite3_exec(db, "DROP TABLE members", NULL, NULL, NULL), SQLITE_OK);
    assert_false(database_has_member("private:club", 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found),
        cmocka_unit_test(who_is_banned_or_unknown_is_not),
        cmocka_unit_test(a_database_that_fails_has_no_members),
    };
    return cmocka_run_group_tests(tests, open_database, close_database);
}
