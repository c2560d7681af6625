/* docs/channels.md, "Saving when a channel ends", and "Timers of no channel". */
#include "docs/database.h"

/* ---- the snippets ---- */

struct drawing {
    const char *database; /* the file's name */
    char topic[256];      /* 255 bytes at most */
    pinion_payload *strokes;
};

/* On another thread: it may block. It has all that it needs, since the channel is gone. */
static void save(void *data)
{
    static const char sql[] = "INSERT OR REPLACE INTO drawings (topic, strokes) VALUES (?, ?)";
    struct drawing *drawing = data;
    size_t length;
    const char *text = pinion_payload_bytes(drawing->strokes, &length);
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    sqlite3_open_v2(drawing->database, &db, SQLITE_OPEN_READWRITE, NULL);
    sqlite3_busy_timeout(db, 5000);
    sqlite3_prepare_v2(db, sql, -1, &row, NULL);
    sqlite3_bind_text(row, 1, drawing->topic, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, text, (int)length, SQLITE_STATIC);
    if (sqlite3_step(row) != SQLITE_DONE)
        fprintf(stderr, "%s is not saved: %s\n", drawing->topic, sqlite3_errmsg(db));
    sqlite3_finalize(row);
    sqlite3_close(db);
}

/* On a loop again. */
static void saved(pinion_endpoint *endpoint, void *data)
{
    struct drawing *drawing = data;
    pinion_payload_unref(drawing->strokes);
    free(drawing);
}

static void board_terminate(pinion_channel *channel, pinion_reason reason)
{
    struct drawing *drawing = calloc(1, sizeof *drawing);
    if (!drawing)
        return;
    drawing->database = pinion_channel_context(channel);
    drawing->strokes = pinion_payload_ref(pinion_assigned(channel, "strokes"));
    snprintf(drawing->topic, sizeof drawing->topic, "%s", pinion_channel_topic(channel));
    if (pinion_endpoint_work(pinion_channel_endpoint(channel), save, saved, drawing) != 0) {
        save(drawing); /* this blocks the loop, but loses nothing */
        saved(NULL, drawing);
    }
}

static void announce(pinion_endpoint *endpoint, int status, void *data)
{
    if (status != 0)
        return; /* the endpoint stops */
    pinion_endpoint_broadcast(endpoint, "clock", "minute", NULL);
    if (pinion_endpoint_send_after(endpoint, 0, 60000, announce, data, NULL) != 0)
        pinion_endpoint_broadcast(endpoint, "clock", "stopped", NULL);
}

/* ---- their tests ---- */

static pinion_result draw(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_assign(channel, "strokes", pinion_payload_ref(payload)));
    return pinion_ok(NULL);
}

static const pinion_channel_def board_channel = { .handle_in = PINION_CLAUSES({ "draw", draw }),
                                                  .terminate = board_terminate };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "board:*", &board_channel }) };

static int make_database(void **state)
{
    return database_make("CREATE TABLE drawings (topic PRIMARY KEY, strokes)");
}

static void what_was_drawn_is_saved_before_the_end(void **state)
{
    pinion_test_client *client;
    pinion_socket_options options = { .context = database };
    sqlite3 *db;
    sqlite3_stmt *row;
    ok(pinion_test_connect(test, &user_socket, &options, "", &client));
    ok(pinion_test_join(client, "board:1", NULL));
    int ref = pinion_test_push(client, "board:1", "draw", pinion_json("[i, i]", 1, 2));
    ok(pinion_test_expect_reply(client, ref, "ok", NULL));
    pinion_test_free(test); /* the client goes, and the work is done before this returns */
    test = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT topic, strokes FROM drawings", -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(row, 0), "board:1");
    assert_string_equal((const char *)sqlite3_column_text(row, 1), "[1,2]");
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void the_clock_announces_each_minute(void **state)
{
    ok(pinion_test_subscribe(test, "clock"));
    ok(pinion_endpoint_send_after(pinion_test_endpoint(test), 0, 60000, announce, NULL, NULL));
    pinion_test_set_patience(test, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pinion_test_expect_broadcast(test, "clock", "minute", NULL), PINION_ETIMEDOUT);
        pinion_test_advance(test, 60000);
        ok(pinion_test_expect_broadcast(test, "clock", "minute", NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_drawn_is_saved_before_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(the_clock_announces_each_minute, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_database, database_remove);
}
