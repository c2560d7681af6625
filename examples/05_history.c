/* Rooms that forget nothing (docs/guarantees.md). A message gets the next number of its room, and is stored
 * before anybody hears of it. A client that joins says which number it had last, and is sent all later
 * messages. */
#include "program.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* The endpoint's context. */
struct history {
    pinion_endpoint *endpoint;
    sqlite3 *db;
    pthread_mutex_t lock; /* protects db; held until a stored message has been broadcast */
};

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS messages"
    " (room, id, key, message, PRIMARY KEY (room, id), UNIQUE (room, key)) WITHOUT ROWID";
#define AS_SENT "json_object('id', id, 'message', json(message))"

/* If the key is there already, the message was sent twice: the first one stays. */
static const char store[] =
    "INSERT INTO messages SELECT ?1, coalesce(max(id), 0) + 1, ?3 ->> 'key', ?3 FROM messages WHERE room = ?1"
    " ON CONFLICT (room, key) DO UPDATE SET key = key RETURNING id, " AS_SENT;

/* Find a hundred at a time. If the room does not have the client's number yet, the number is from another
 * database: then all messages are missing. */
static const char find_missed[] =
    "WITH start(n) AS (SELECT iif(?2 <= max(id), ?2, 0) FROM messages WHERE room = ?1),"
    " missed AS (SELECT id, " AS_SENT " AS sent FROM messages, start WHERE room = ?1 AND id > n ORDER BY id"
    " LIMIT 100) SELECT coalesce(max(id), (SELECT n FROM start)),"
    " json_object('messages', json_group_array(json(sent))) FROM missed";

/* What another thread is to do with the database. Each channel keeps one, for finding what its client has
 * missed. */
struct query {
    struct history *history;
    const char *sql;
    char room[256];
    json_int_t last;         /* the number of the client's last message; later, of the last one found */
    pinion_payload *payload; /* the client's message; later, the answer */
    bool done;
};

static struct query *query_new(const char *sql, pinion_channel *channel, const pinion_payload *params)
{
    struct query *query = calloc(1, sizeof *query);
    if (!query)
        return NULL;
    query->history = pinion_channel_context(channel);
    query->sql = sql;
    query->last = json_integer_value(pinion_payload_get(params, "last"));
    snprintf(query->room, sizeof query->room, "%s", pinion_channel_topic(channel)); /* 255 bytes at most */
    return query;
}

/* Runs on another thread. One lock for storing and broadcasting: so messages seldom overtake each other. */
static void run(void *data)
{
    struct query *query = data;
    struct history *history = query->history;
    pinion_payload *answer = NULL;
    sqlite3_stmt *row = NULL; /* it stays NULL when the database fails; then its steps fail too */
    size_t length;
    const char *text = pinion_payload_bytes(query->payload, &length);
    pthread_mutex_lock(&history->lock);
    sqlite3_prepare_v2(history->db, query->sql, -1, &row, NULL);
    sqlite3_bind_text(row, 1, query->room, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, query->last);
    sqlite3_bind_text(row, 3, text, (int)length, SQLITE_STATIC);
    if (sqlite3_step(row) == SQLITE_ROW) {
        query->last = sqlite3_column_int64(row, 0);
        answer = pinion_payload_text((const char *)sqlite3_column_text(row, 1), sqlite3_column_bytes(row, 1));
    }
    query->done = sqlite3_finalize(row) == SQLITE_OK && answer;
    if (query->done && query->sql == store)
        pinion_endpoint_broadcast(history->endpoint, query->room, "new_msg", pinion_payload_ref(answer));
    pthread_mutex_unlock(&history->lock);
    pinion_payload_unref(query->payload);
    query->payload = answer;
}

static pinion_result stored(pinion_channel *channel, int status, void *data)
{
    struct query query = *(struct query *)data;
    free(data);
    pinion_payload_unref(query.payload);
    return query.done ? pinion_ok(pinion_json("{s:I}", "id", query.last)) : pinion_error(NULL);
}

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    struct query *query = query_new(store, channel, NULL);
    if (!query)
        return pinion_crash();
    query->payload = pinion_payload_ref(payload);
    int rc = pinion_channel_work(channel, run, stored, query);
    return rc ? stored(channel, rc, query) : pinion_later();
}

static pinion_result send_missed(pinion_channel *channel, int status, void *data)
{
    struct query *query = data;
    bool more = json_array_size(pinion_payload_get(query->payload, "messages")) > 0; /* perhaps */
    pinion_push(channel, "missed", query->payload);
    query->payload = NULL;
    bool good = query->done && (!more || pinion_channel_work(channel, run, send_missed, query) == 0);
    return good ? pinion_noreply() : pinion_crash();
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    struct query *query = query_new(find_missed, channel, params);
    pinion_channel_set_state(channel, query, free);
    bool good = query && pinion_channel_work(channel, run, send_missed, query) == 0;
    return good ? pinion_noreply() : pinion_crash();
}

/* A message that was found before is not sent again. If a number is missing, a full queue has lost it: look
 * for it. */
static pinion_result push_message(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    struct query *query = pinion_channel_state(channel);
    json_int_t id = json_integer_value(pinion_payload_get(payload, "id"));
    if (id == query->last + 1) {
        query->last = id;
        pinion_push(channel, event, pinion_payload_ref(payload));
    } else if (id > query->last && pinion_channel_work(channel, run, send_missed, query) != 0) {
        return pinion_crash();
    }
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "new_msg", new_msg }),
    .handle_out = PINION_CLAUSES({ "new_msg", push_message }),
};
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "rooms:*", &room_channel }) };

int main(int argc, char **argv)
{
    struct history history = { .lock = PTHREAD_MUTEX_INITIALIZER };
    pinion_endpoint_options options = { .port = 4000, .context = &history };
    int stop = program_options(argc, argv, NULL, &options);
    if (stop)
        return stop - 1;
    if (sqlite3_open("history.db", &history.db) || sqlite3_exec(history.db, schema, NULL, NULL, NULL)) {
        fprintf(stderr, "history.db: %s\n", sqlite3_errmsg(history.db));
        return 1;
    }
    int rc = pinion_endpoint_new(&history.endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(history.endpoint, "/socket", &user_socket, NULL);
    if (!rc)
        rc = pinion_endpoint_run(history.endpoint);
    pinion_endpoint_free(history.endpoint);
    sqlite3_close(history.db);
    return pinion_exit(rc);
}
