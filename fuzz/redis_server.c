/* See redis_server.h. */
#include "redis_server.h"
#include "broker_answers.h"
#include "broker_user.h"
#include "fuzz.h"
#include "pubsub/broker_int.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANNERS_MAX  16 /* for later commands */
#define PIECES_MAX   1000
#define CHANNELS_MAX 32
#define WORDS_MAX    4
#define ROOM         4096 /* bytes that the kernel keeps for a server that does not read; in reality it is more */

struct connection {
    int fd; /* -1: there is none */
    struct pinion_buf in;
    struct broker_answers out;
    struct {
        enum redis_manner manner;
        unsigned choice;
    } next[MANNERS_MAX];
    unsigned next_count;
    bool held, stalled, lies;
    size_t piece;
    char *channels[CHANNELS_MAX];
    unsigned channel_count;
};

struct command {
    struct pinion_slice words[WORDS_MAX];
    unsigned count;
};

static struct {
    struct connection connections[REDIS_CONNECTIONS];
    unsigned refuses;
    long long others;
    bool was_bad;
} server;

#define LONG_ERROR                                                                                           \
    "A-word-that-is-longer-than-the-sentence-which-is-made-of-it,-and-than-any-that-the-log-has-for-what-"   \
    "goes-wrong-with-a-server,-so-that-it-is-cut-somewhere-in-its-middle,-wherever-that-may-happen-to-be"

/* The texts distinguish errors that may pass from those that do not. */
static const char *const errors[] = {
    "ERR unknown command 'X'",
    "NOPERM this user has no permissions",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair",
    "LOADING Redis is loading the dataset in memory",
    "MOVED 3999 127.0.0.1:6381",
    "BUSY Redis is busy running a script",
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "ERR max number of clients reached",
    "DENIED Redis is running in protected mode",
    "MASTERDOWN Link with MASTER is down",
    "",
    " ",
    "NOPERM",
    LONG_ERROR,
};

static const char *const answers[] = {
    ":-1\r\n",
    ":0\r\n",
    ":9223372036854775807\r\n",
    ":99999999999999999999\r\n",
    ":\r\n",
    "$-1\r\n",
    "$-5\r\n",
    "$99999999999\r\nx\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*-7\r\n",
    "+\r\n",
    "+OK\r\n",
    "$5\r\nhello\r\n",
    "*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n",
    "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$-1\r\n",
    "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n*1\r\n:1\r\n",
    "*3\r\n$7\r\nmessage\r\n*-1\r\n$0\r\n\r\n",
    "*3\r\n$-1\r\n$1\r\nx\r\n$1\r\nx\r\n",
    "*3\r\n+message\r\n+x\r\n-x\r\n",
    "*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n",
    "*4\r\n$8\r\npmessage\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n",
    "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n",
    "*1\r\n-ERR\r\n",
    "_\r\n",
    "%1\r\n+a\r\n:1\r\n",
    ">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\nx\r\n",
    "\r\n",
};

/* ---- connections ---- */

static bool is_open(unsigned which)
{
    return server.connections[which].fd >= 0;
}

static void close_connection(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    close(connection->fd);
    pinion__buf_release(&connection->in);
    pinion__buf_release(&connection->out.bytes);
    while (connection->channel_count > 0)
        free(connection->channels[--connection->channel_count]);
    *connection = (struct connection){ .fd = -1 };
}

/* The client may read what was sent as a lie after it has gone. */
static void lie(struct connection *connection)
{
    connection->lies = true;
    server.was_bad = true;
    user_trust(false);
}

void redis_server_begin(void)
{
    memset(&server, 0, sizeof server);
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++)
        server.connections[i].fd = -1;
}

void redis_server_end(void)
{
    redis_server_turn();
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++)
        REQUIRE(!is_open(i));
}

int redis_server_connect(void)
{
    int ends[2], room = ROOM;
    unsigned which = 0;
    redis_server_turn();
    if (server.refuses > 0) {
        server.refuses--;
        return -1;
    }
    if (!is_open(0) && !is_open(1))
        user_trust(true);
    while (is_open(which))
        REQUIRE(++which < REDIS_CONNECTIONS);
    struct connection *connection = &server.connections[which];
    ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
    ok(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room));
    connection->fd = ends[0];
    pinion__buf_init(&connection->in, SIZE_MAX);
    answers_init(&connection->out);
    return ends[1];
}

/* ---- answers ---- */

static void say(struct connection *connection, const char *text)
{
    answers_add(&connection->out, text);
}

static void say_bulk(struct connection *connection, struct pinion_slice bytes)
{
    char head[32];
    (void)snprintf(head, sizeof head, "$%zu\r\n", bytes.len);
    say(connection, head);
    ok(pinion__buf_append(&connection->out.bytes, bytes.ptr, bytes.len));
    say(connection, "\r\n");
}

static struct pinion_slice word(const char *text)
{
    return pinion__slice(text, strlen(text));
}

static void say_number(struct connection *connection, long long number)
{
    char text[32];
    (void)snprintf(text, sizeof text, ":%lld\r\n", number);
    say(connection, text);
}

/* ---- commands ---- */

static int find_channel(const struct connection *connection, struct pinion_slice name)
{
    for (unsigned i = 0; i < connection->channel_count; i++) {
        if (pinion__slice_is(name, connection->channels[i]))
            return (int)i;
    }
    return -1;
}

/* A terminated copy. strndup needs a string, but the memory may end right after the name. */
static char *text_of(struct pinion_slice name)
{
    char *text = malloc(name.len + 1);
    REQUIRE(text);
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return text;
}

static void subscribe(struct connection *connection, const struct command *command, bool begins)
{
    struct pinion_slice name = command->words[1];
    int found = find_channel(connection, name);
    if (begins && found < 0) {
        REQUIRE(connection->channel_count < CHANNELS_MAX);
        connection->channels[connection->channel_count++] = text_of(name);
    } else if (!begins && found >= 0) {
        free(connection->channels[found]);
        connection->channels[found] = connection->channels[--connection->channel_count];
    }
    say(connection, "*3\r\n");
    say_bulk(connection, word(begins ? "subscribe" : "unsubscribe"));
    say_bulk(connection, name);
    say_number(connection, connection->channel_count);
}

static unsigned deliver(struct pinion_slice channel, struct pinion_slice bytes, bool forced)
{
    unsigned count = 0;
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++) {
        struct connection *connection = &server.connections[i];
        if (connection->fd < 0 ||
            !(find_channel(connection, channel) >= 0 || (forced && connection->channel_count > 0)))
            continue;
        say(connection, "*3\r\n");
        say_bulk(connection, word("message"));
        say_bulk(connection, channel);
        say_bulk(connection, bytes);
        count++;
    }
    return count;
}

static void publish(struct connection *connection, const struct command *command)
{
    struct pinion_slice bytes = command->words[2];
    char *channel = text_of(command->words[1]);
    user_arrived(channel, bytes);
    free(channel);
    unsigned own = deliver(command->words[1], bytes, false);
    say_number(connection, server.others + own);
}

static void perform(struct connection *connection, const struct command *command)
{
    struct pinion_slice verb = command->words[0];
    if (pinion__slice_is(verb, "PING") && connection->channel_count > 0)
        say(connection, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    else if (pinion__slice_is(verb, "PING"))
        say(connection, "+PONG\r\n");
    else if (pinion__slice_is(verb, "AUTH"))
        say(connection, "+OK\r\n");
    else if (pinion__slice_is(verb, "SUBSCRIBE") || pinion__slice_is(verb, "UNSUBSCRIBE"))
        subscribe(connection, command, *verb.ptr == 'S');
    else {
        REQUIRE(pinion__slice_is(verb, "PUBLISH"));
        publish(connection, command);
    }
}

static void say_error(struct connection *connection, unsigned choice)
{
    server.was_bad = true;
    say(connection, "-");
    say(connection, errors[choice % (sizeof errors / sizeof *errors)]);
    say(connection, "\r\n");
}

static void flush(struct connection *connection, size_t most)
{
    answers_send(&connection->out, connection->fd, most);
}

/* The whole answer, or half of it. */
static void answer_and_close(struct connection *connection, size_t begin, bool half)
{
    if (half)
        answers_halve(&connection->out, begin);
    flush(connection, SIZE_MAX);
    close_connection(connection);
}

/* Returns false if the connection is gone. */
static bool respond(struct connection *connection, const struct command *command)
{
    enum redis_manner manner = connection->next_count > 0 ? connection->next[0].manner : REDIS_GOOD;
    unsigned choice = connection->next[0].choice;
    if (connection->next_count > 0) {
        connection->next_count--;
        memmove(connection->next, connection->next + 1, connection->next_count * sizeof *connection->next);
    }
    if (manner == REDIS_ENDS) {
        close_connection(connection);
        return false;
    }
    if (manner == REDIS_ERROR) {
        say_error(connection, choice);
        return true;
    }
    if (manner >= REDIS_SILENT)
        lie(connection);
    size_t begin = connection->out.bytes.len;
    perform(connection, command);
    if (manner == REDIS_CUT || manner == REDIS_DONE) {
        answer_and_close(connection, begin, manner == REDIS_CUT);
        return false;
    }
    if (manner == REDIS_SILENT || manner == REDIS_OTHER)
        connection->out.bytes.len = begin;
    if (manner == REDIS_TWICE)
        answers_repeat(&connection->out, begin);
    if (manner == REDIS_OTHER)
        say(connection, answers[choice % (sizeof answers / sizeof *answers)]);
    return true;
}

/* ---- taking turns ---- */

/* A number and the end of its line. Returns false if they have not come completely. */
static bool read_number(struct pinion_slice *bytes, char sign, size_t *out)
{
    const char *end = memchr(bytes->ptr, '\n', bytes->len);
    if (bytes->len == 0 || !end)
        return false;
    REQUIRE(*bytes->ptr == sign && end[-1] == '\r');
    *out = strtoul(bytes->ptr + 1, NULL, 10);
    bytes->len -= (size_t)(end + 1 - bytes->ptr);
    bytes->ptr = end + 1;
    return true;
}

static bool read_command(struct pinion_slice *bytes, struct command *command)
{
    size_t count, len;
    if (bytes->len == 0 || !read_number(bytes, '*', &count))
        return false;
    REQUIRE(count > 0 && count <= WORDS_MAX);
    for (command->count = 0; command->count < count; command->count++) {
        if (bytes->len == 0 || !read_number(bytes, '$', &len) || bytes->len < len + 2)
            return false;
        command->words[command->count] = pinion__slice(bytes->ptr, len);
        REQUIRE(memcmp(bytes->ptr + len, "\r\n", 2) == 0);
        bytes->ptr += len + 2;
        bytes->len -= len + 2;
    }
    return true;
}

static void respond_to_all(struct connection *connection)
{
    struct command command;
    struct pinion_slice rest = pinion__slice(connection->in.data, connection->in.len);
    size_t left = rest.len;
    while (read_command(&rest, &command)) {
        if (!respond(connection, &command))
            return;
        left = rest.len;
    }
    pinion__buf_consume(&connection->in, connection->in.len - left);
}

static void take_in(struct connection *connection)
{
    char bytes[8192];
    while (connection->fd >= 0) {
        ssize_t n = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n > 0)
            ok(pinion__buf_append(&connection->in, bytes, (size_t)n));
        if (n > 0)
            respond_to_all(connection);
        else
            close_connection(connection);
    }
}

/* Has the client left while its end is open? What it has sent waits. */
static bool is_deserted(const struct connection *connection)
{
    struct pollfd end = { .fd = connection->fd, .events = POLLRDHUP };
    return ppoll(&end, 1, &(struct timespec){ 0 }, NULL) > 0;
}

/* In small pieces, but not too many. */
static void hand_out(struct connection *connection)
{
    size_t piece = connection->piece, least = answers_left(&connection->out) / PIECES_MAX;
    if (connection->fd >= 0 && !connection->held)
        flush(connection, !piece ? SIZE_MAX : piece < least ? least : piece);
}

void redis_server_turn(void)
{
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++) {
        struct connection *connection = &server.connections[i];
        if (connection->fd >= 0 && connection->stalled && is_deserted(connection))
            close_connection(connection);
        if (!connection->stalled)
            take_in(connection);
    }
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++)
        hand_out(&server.connections[i]);
}

/* ---- the script's ---- */

void redis_server_manner(unsigned which, enum redis_manner manner, unsigned choice)
{
    struct connection *connection = &server.connections[which];
    if (connection->fd < 0 || connection->next_count == MANNERS_MAX)
        return;
    connection->next[connection->next_count].manner = manner;
    connection->next[connection->next_count++].choice = choice;
}

void redis_server_hold(unsigned which, bool held)
{
    server.connections[which].held = held && is_open(which);
}

void redis_server_piece(unsigned which, size_t piece)
{
    server.connections[which].piece = is_open(which) ? piece : 0;
}

void redis_server_stall(unsigned which, bool stalled)
{
    server.connections[which].stalled = stalled && is_open(which);
}

/* Lengths of arrays have at most five digits: the library allocates as many as it is told, but that is not
 * what this looks for. */
void redis_server_raw(unsigned which, struct pinion_slice bytes)
{
    struct connection *connection = &server.connections[which];
    if (connection->fd < 0 || bytes.len == 0)
        return;
    lie(connection);
    size_t digits = 0;
    bool array = false;
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.ptr[i];
        bool digit = c >= '0' && c <= '9';
        array = c == '*' || c == '%' || c == '>' || c == '~' || (array && digit);
        digits = digit ? digits + 1 : 0;
        if (!array || digits <= 5)
            ok(pinion__buf_append_char(&connection->out.bytes, c));
    }
}

void redis_server_close(unsigned which)
{
    close_connection(&server.connections[which]);
}

void redis_server_refuse(unsigned attempts)
{
    server.refuses = attempts;
}

void redis_server_others(long long count)
{
    server.others = count;
}

void redis_server_publish(const char *channel, struct pinion_slice bytes, bool forced)
{
    (void)deliver(word(channel), bytes, forced);
}

void redis_server_heal(void)
{
    server.refuses = 0;
    server.others = 1;
    bool lies = false;
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++)
        lies |= server.connections[i].lies;
    for (unsigned i = 0; i < REDIS_CONNECTIONS; i++) {
        struct connection *connection = &server.connections[i];
        connection->held = connection->stalled = false;
        connection->piece = 0;
        connection->next_count = 0;
        if (lies)
            close_connection(connection);
    }
}

/* ---- what is known ---- */

unsigned redis_server_subscriptions(void)
{
    return server.connections[0].channel_count + server.connections[1].channel_count;
}

bool redis_server_has(const char *channel)
{
    return find_channel(&server.connections[0], word(channel)) >= 0 ||
           find_channel(&server.connections[1], word(channel)) >= 0;
}

bool redis_server_was_bad(void)
{
    return server.was_bad;
}
