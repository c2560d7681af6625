/* docs/testing.md, "Testing your routes". The application has what many have: a login whose passwords are in
 * a database, a request of the admin's that logs a user out, and a board that is saved when its channel
 * ends. */
#include "docs/database.h"

#define SALT "user auth"

static sqlite3_stmt *prepared(sqlite3 **db, const char *sql)
{
    sqlite3_stmt *row = NULL;
    sqlite3_open_v2(database, db, SQLITE_OPEN_READWRITE, NULL);
    sqlite3_busy_timeout(*db, 5000);
    sqlite3_prepare_v2(*db, sql, -1, &row, NULL);
    return row;
}

/* ---- POST /login ---- */

struct login {
    char user[65], password[65];
    bool right;
};

static void look_up(void *data)
{
    struct login *login = data;
    sqlite3 *db;
    sqlite3_stmt *row = prepared(&db, "SELECT 1 FROM users WHERE name = ? AND password = ?");
    sqlite3_bind_text(row, 1, login->user, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, login->password, -1, SQLITE_STATIC);
    login->right = sqlite3_step(row) == SQLITE_ROW;
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void looked_up(pinion_request *request, int status, void *data)
{
    struct login *login = data;
    char *token = NULL;
    if (status == 0 && !login->right)
        pinion_request_answer_text(request, 403, "wrong name or password");
    else if (status == 0 && pinion_token_sign(pinion_request_endpoint(request), SALT,
                                              pinion_json("s", login->user), NULL, &token) == 0)
        pinion_request_answer_json(request, 200, pinion_json("{s:s}", "token", token));
    free(token);
    free(login);
}

static void log_in(pinion_request *request, void *context)
{
    pinion_payload *body = NULL;
    struct login *login = calloc(1, sizeof *login);
    assert_non_null(login);
    if (pinion_request_json(request, &body) == 0) {
        const char *user = json_string_value(pinion_payload_get(body, "user")),
                   *password = json_string_value(pinion_payload_get(body, "password"));
        snprintf(login->user, sizeof login->user, "%s", user ? user : "");
        snprintf(login->password, sizeof login->password, "%s", password ? password : "");
    }
    ok(pinion_request_work(request, look_up, looked_up, login));
    pinion_payload_unref(body);
}

/* ---- DELETE /admin/users/:user ---- */

static void log_out(pinion_request *request, void *context)
{
    char id[100];
    pinion_slice key = pinion_request_header(request, "authorization");
    if (key.len != strlen("Bearer admin") || memcmp(key.ptr, "Bearer admin", key.len) != 0) {
        pinion_request_answer(request, 401, PINION_HEADERS({ "www-authenticate", "Bearer" }), NULL, 0);
        return;
    }
    snprintf(id, sizeof id, "users:%s", pinion_request_path_param(request, "user"));
    pinion_endpoint_broadcast(pinion_request_endpoint(request), id, "disconnect", NULL);
    pinion_request_answer(request, 204, NULL, NULL, 0);
}

static int mount_routes(pinion_endpoint *endpoint)
{
    const pinion_http_options json = { .accepts = "application/json" };
    int rc = pinion_endpoint_http(endpoint, "POST", "/login", log_in, &json);
    return rc ? rc : pinion_endpoint_http(endpoint, "DELETE", "/admin/users/:user", log_out, NULL);
}

/* ---- the board ---- */

static void save(void *strokes)
{
    size_t length;
    const char *text = pinion_payload_bytes(strokes, &length);
    sqlite3 *db;
    sqlite3_stmt *row = prepared(&db, "INSERT INTO boards VALUES (?)");
    sqlite3_bind_text(row, 1, text, (int)length, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void saved(pinion_endpoint *endpoint, void *strokes)
{
    pinion_endpoint_broadcast(endpoint, "boards", "saved", strokes);
}

static pinion_result draw(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_assign(channel, "strokes", pinion_payload_ref(payload)));
    return pinion_ok(NULL);
}

static void board_terminate(pinion_channel *channel, pinion_reason reason)
{
    pinion_payload *strokes = pinion_payload_ref(pinion_assigned(channel, "strokes"));
    ok(pinion_endpoint_work(pinion_channel_endpoint(channel), save, saved, strokes));
}

static const pinion_channel_def board_channel = { .handle_in = PINION_CLAUSES({ "draw", draw }),
                                                  .terminate = board_terminate };

/* ---- the socket ---- */

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    pinion_payload *user = NULL;
    if (pinion_token_verify(pinion_socket_endpoint(socket), SALT, pinion_connect_auth_token(info).ptr, NULL,
                            &user) != 0)
        return pinion_error(NULL);
    ok(pinion_socket_assign(socket, "user", user));
    return pinion_ok(NULL);
}

static int user_id(pinion_socket *socket, char *text, size_t size)
{
    json_t *user = pinion_payload_tree(pinion_socket_assigned(socket, "user"));
    return snprintf(text, size, "users:%s", json_string_value(user));
}

static const pinion_socket_def user_socket = { .connect = connect,
                                               .id = user_id,
                                               .channels = PINION_ROUTES({ "board:*", &board_channel }) };

/* ---- the snippets ---- */

/* Logs a user in, and connects a client with the token. */
static pinion_test_client *logged_in(const char *login)
{
    pinion_test_answer *answer;
    pinion_test_client *client;
    ok(pinion_test_http(test, "POST", "/login", &(pinion_test_http_options){ .json = login }, &answer));
    ok(pinion_test_expect_status(answer, 200)); /* waits for the database */
    ok(pinion_test_expect_json(answer, NULL));
    const char *token = json_string_value(json_object_get(pinion_test_value(test), "token"));
    ok(pinion_test_set_request(test, &(pinion_test_request){ .auth_token = token }));
    const pinion_socket_options options = { .auth_token = true };
    ok(pinion_test_connect(test, &user_socket, &options, "", &client));
    return client;
}

static void a_user_is_logged_out_everywhere(void **state)
{
    const pinion_test_http_options admin = { .headers = PINION_LIST("authorization: Bearer admin") };
    pinion_test_answer *answer;
    ok(mount_routes(pinion_test_endpoint(test)));
    pinion_test_client *ann = logged_in("{\"user\":\"ann\",\"password\":\"nna\"}");
    ok(pinion_test_join(ann, "board:1", NULL));
    int ref = pinion_test_push(ann, "board:1", "draw", pinion_json("[i, i]", 1, 2));
    ok(pinion_test_expect_reply(ann, ref, "ok", NULL));

    ok(pinion_test_subscribe(test, "boards"));
    ok(pinion_test_http(test, "DELETE", "/admin/users/ann", &admin, &answer));
    ok(pinion_test_expect_status(answer, 204));
    ok(pinion_test_expect_close(ann, 1001));
    ok(pinion_test_expect_broadcast(test, "boards", "saved", "[1,2]")); /* waits for the database */
}

static void nobody_gets_in_with_another_password(void **state)
{
    const pinion_test_http_options wrong = { .json = "{\"user\":\"ann\",\"password\":\"guess\"}" };
    pinion_test_answer *answer;
    ok(mount_routes(pinion_test_endpoint(test)));
    ok(pinion_test_http(test, "POST", "/login", &wrong, &answer));
    ok(pinion_test_expect_status(answer, 403));
    ok(pinion_test_expect_body(answer, "wrong name or password"));
    ok(pinion_test_http(test, "DELETE", "/admin/users/ann", NULL, &answer));
    ok(pinion_test_expect_status(answer, 401));
    ok(pinion_test_expect_header(answer, "www-authenticate", "Bearer"));
}

/* ---- */

static int make_database(void **state)
{
    return database_make("CREATE TABLE users (name PRIMARY KEY, password);"
                         "CREATE TABLE boards (strokes);"
                         "INSERT INTO users VALUES ('ann', 'nna')");
}

/* Only the board that was drawn on was saved. */
static int remove_database(void **state)
{
    sqlite3 *db;
    sqlite3_stmt *row = prepared(&db, "SELECT strokes FROM boards");
    bool one = sqlite3_step(row) == SQLITE_ROW &&
               strcmp((const char *)sqlite3_column_text(row, 0), "[1,2]") == 0 &&
               sqlite3_step(row) == SQLITE_DONE;
    sqlite3_finalize(row);
    sqlite3_close(db);
    return database_remove(state) == 0 && one ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_user_is_logged_out_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_gets_in_with_another_password, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_database, remove_database);
}
