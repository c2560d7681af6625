/* docs/sockets.md, "A session in a database". */
#include "docs/database.h"

/* ---- the snippet ---- */

struct session {
    const char *database; /* the file's name */
    char token[65];
    json_int_t user; /* 0: there is no such session */
    bool failed;
};

/* On another thread: it may block, and must not touch the socket. */
static void find_session(void *data)
{
    static const char sql[] = "SELECT user_id FROM sessions WHERE token = ? AND expires_at > datetime('now')";
    struct session *session = data;
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL; /* it stays NULL when the database fails; then its step fails too */
    sqlite3_open_v2(session->database, &db, SQLITE_OPEN_READONLY, NULL);
    sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    sqlite3_bind_text(row, 1, session->token, -1, SQLITE_STATIC);
    int step = sqlite3_step(row);
    if (step == SQLITE_ROW)
        session->user = sqlite3_column_int64(row, 0);
    session->failed = step != SQLITE_ROW && step != SQLITE_DONE;
    sqlite3_finalize(row);
    sqlite3_close(db);
}

/* On the loop again: what this returns is the answer to the connect. */
static pinion_result session_found(pinion_socket *socket, int status, void *data)
{
    struct session session = *(struct session *)data;
    free(data);
    if (status != 0)
        return pinion_noreply(); /* the client has gone: nobody waits for the answer */
    if (session.failed)
        return pinion_crash();
    if (session.user == 0)
        return pinion_error(NULL);
    if (pinion_socket_assign(socket, "user_id", pinion_json("I", session.user)) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static pinion_result session_connect(pinion_socket *socket, const pinion_payload *params,
                                     const pinion_connect_info *info)
{
    const char *token = json_string_value(pinion_payload_get(params, "session"));
    if (!token || strlen(token) > 64)
        return pinion_error(NULL);
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return pinion_crash();
    session->database = pinion_socket_context(socket);
    snprintf(session->token, sizeof session->token, "%s", token);
    if (pinion_socket_work(socket, find_session, session_found, session) != 0) {
        free(session);
        return pinion_crash();
    }
    return pinion_later();
}

/* ---- its tests ---- */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_ok(pinion_assigns(channel));
}

static const pinion_channel_def room_channel = { .join = join };

static const pinion_socket_def user_socket = {
    .connect = session_connect,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

static int make_database(void **state)
{
    return database_make("CREATE TABLE sessions (token PRIMARY KEY, user_id INTEGER, expires_at TEXT);"
                         "INSERT INTO sessions VALUES ('good', 7, datetime('now', '+1 hour')),"
                         "('old', 8, datetime('now', '-1 hour'));");
}

static int try_session(const char *query, char *file, pinion_test_client **client)
{
    return pinion_test_connect(test, &user_socket, &(pinion_socket_options){ .context = file }, query,
                               client);
}

static void a_session_lets_its_user_in(void **state)
{
    pinion_test_client *client;
    ok(try_session("session=good", database, &client));
    ok(pinion_test_join(client, "rooms:lobby", NULL));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "user_id")), 7);
}

static void who_has_no_session_is_refused(void **state)
{
    pinion_test_client *client;
    assert_int_equal(try_session("session=stolen", database, &client), PINION_EACCES);
    assert_int_equal(try_session("session=old", database, &client), PINION_EACCES);
    assert_int_equal(try_session("", database, &client), PINION_EACCES);
}

static void a_database_that_fails_lets_nobody_in(void **state)
{
    static char missing[] = "/nowhere/sessions.db";
    pinion_test_client *client;
    assert_int_equal(try_session("session=good", missing, &client), PINION_EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_lets_its_user_in, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_no_session_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_database_that_fails_lets_nobody_in, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_database, database_remove);
}
