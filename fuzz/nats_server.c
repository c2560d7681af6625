/* See nats_server.h. */
#include "nats_server.h"
#include "broker_answers.h"
#include "broker_user.h"
#include "fuzz.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX                                                                                      \
    8 /* the client's, those that it has closed, and those by which it reads the first line */
#define MANNERS_MAX       16
#define SUBSCRIPTIONS_MAX 64
#define LINE_BYTES        4096
#define PIECES_MAX        300

struct subscription {
    char *subject;
    char sid[16];
};

struct connection {
    int fd; /* -1: there is none */
    struct pinion_buf in;
    struct broker_answers out;
    bool greeted, client, lies, over;
    struct subscription subscriptions[SUBSCRIPTIONS_MAX];
    unsigned subscription_count;
};

struct command {
    char words[5][1024];
    unsigned count;
    struct pinion_slice payload;
};

static struct {
    pthread_mutex_t lock; /* guards what follows */
    pthread_t thread;
    int listener, wake;
    uint16_t port;
    bool ends;
    struct connection connections[CONNECTIONS_MAX];
    struct {
        enum nats_manner manner;
        unsigned choice;
    } next[MANNERS_MAX];
    unsigned next_count;
    unsigned greeting, refuses, commands;
    bool held, others, was_bad;
    size_t piece;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *const greetings[] = {
    "INFO {\"proto\":1,\"version\":\"2.9.10\",\"headers\":true,\"max_payload\":1048576}\r\n",
    "INFO {\"proto\":1,\"version\":\"2.9.10\",\"headers\":true,\"max_payload\":1500}\r\n",
    "INFO {\"proto\":1,\"version\":\"2.9.10\",\"headers\":true,\"max_payload\":700}\r\n",
    "INFO {\"proto\":1,\"version\":\"2.9.10\",\"headers\":true,\"max_payload\":300}\r\n",
    "INFO {\"proto\":1,\"version\":\"1.4.0\",\"max_payload\":1048576}\r\n",
    "INFO {\"proto\":1,\"headers\":true,\"max_payload\":0}\r\n",
    "INFO {\"proto\":1,\"headers\":true,\"max_payload\":-1}\r\n",
    "INFO {\"proto\":1,\"headers\":true,\"max_payload\":99999999999999999999}\r\n",
    "INFO {\"proto\":1,\"headers\":true}\r\n",
    "INFO {}\r\n",
    "INFO {\"auth_required\":true,\"nonce\":\"abc\"}\r\n",
    "INFO {\"connect_urls\":[\"127.0.0.1:1\",\"[::1]:2\",\"\"]}\r\n",
    "INFO {\"max_payload\":\"x\"}\r\n",
    "INFO {\"max_payload\":\r\n",
    "INFO\r\n",
    "INFO \r\n",
    "+OK\r\n",
    "-ERR 'maximum connections exceeded'\r\n",
    "-ERR 'Authorization Violation'\r\n",
    "PING\r\n",
    "\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "INFO {\"proto\":1,\"headers\":true,\"lame_duck_mode\":true,\"ldm\":true}\r\n",
};

static const char *const errors[] = {
    "'Unknown Protocol Operation'",
    "'Authorization Violation'",
    "'User Authentication Expired'",
    "'Stale Connection'",
    "'Slow Consumer'",
    "'maximum connections exceeded'",
    "'Maximum Payload Violation'",
    "'Invalid Subject'",
    "'Permissions Violation'",
    "'Permissions Violation for Subscription to \"'",
    "'Permissions Violation for Publish to \"\"'",
    "'Permissions Violation for Subscription to \"p.all\" using queue \"x\"'",
    "Permissions Violation for Publish to \"p.node.x\"",
    "''",
    "'",
    "",
};

static const char *const answers[] = {
    "+OK\r\n",
    "PING\r\n",
    "PONG\r\n",
    "INFO {\"max_payload\":600}\r\n",
    "INFO {\"max_payload\":0}\r\n",
    "INFO {\"proto\":1,\"headers\":false}\r\n",
    "INFO {\r\n",
    "MSG p.all 1 5\r\nhello\r\n",
    "MSG p.all 2 5\r\nhello\r\n",
    "MSG p.all 99999 5\r\nhello\r\n",
    "MSG p.all 3 0\r\n\r\n",
    "MSG p.all 3 -1\r\n",
    "MSG p.all 3 5 5 5\r\nhello\r\n",
    "MSG p.all 3 5\r\nhello to all\r\n",
    "MSG\r\n",
    "HMSG p.all 3 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
    "HMSG p.all 3 12 17\r\nNATS/1.0\r\n\r\nhello\r\n",
    "HMSG p.all 3 17 12\r\nNATS/1.0\r\n\r\nhello\r\n",
    "HMSG p.all 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
    "HMSG p.all 2 5 5\r\nhello\r\n",
    "HMSG p.all 2 -5 5\r\nhello\r\n",
    "NONSENSE\r\n",
    "\r\n",
    "-ERR\r\n",
    "-ERR 'Server Shutdown'\r\n",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void lock(void)
{
    pthread_mutex_lock(&server.lock);
}

/* Wakes the server, which handles what has changed. */
static void unlock(void)
{
    uint64_t one = 1;
    REQUIRE(write(server.wake, &one, sizeof one) == sizeof one);
    pthread_mutex_unlock(&server.lock);
}

/* ---- connections ---- */

static void close_connection(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    close(connection->fd);
    pinion__buf_release(&connection->in);
    pinion__buf_release(&connection->out.bytes);
    while (connection->subscription_count > 0)
        free(connection->subscriptions[--connection->subscription_count].subject);
    *connection = (struct connection){ .fd = -1 };
}

static struct connection *client(void)
{
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (server.connections[i].fd >= 0 && server.connections[i].client)
            return &server.connections[i];
    }
    return NULL;
}

/* The client has let go of the connection before, so nothing can come of that. */
static void welcome(struct connection *connection)
{
    bool lies = false;
    connection->client = true;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
        lies |= server.connections[i].fd >= 0 && server.connections[i].lies;
    user_trust(!lies);
}

static void lie(struct connection *connection)
{
    connection->lies = true;
    server.was_bad = true;
    user_trust(false);
}

static void say(struct connection *connection, const char *text)
{
    answers_add(&connection->out, text);
}

static void flush(struct connection *connection, size_t most)
{
    answers_send(&connection->out, connection->fd, most);
}

static void accept_one(void)
{
    unsigned which = 0;
    int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    while (which < CONNECTIONS_MAX && server.connections[which].fd >= 0)
        which++;
    if (server.refuses > 0 || which == CONNECTIONS_MAX) {
        server.refuses -= server.refuses > 0;
        close(fd);
        return;
    }
    struct connection *connection = &server.connections[which];
    connection->fd = fd;
    pinion__buf_init(&connection->in, SIZE_MAX);
    answers_init(&connection->out);
    server.was_bad |= server.greeting % COUNT(greetings) > 4;
    connection->lies = server.greeting % COUNT(greetings) > 4;
    say(connection, greetings[server.greeting % COUNT(greetings)]);
}

/* ---- commands ---- */

/* The last part of a subscription may be `*`: any. */
static bool fits(const char *pattern, const char *subject)
{
    size_t len = strlen(pattern);
    if (len < 2 || strcmp(pattern + len - 2, ".*") != 0)
        return strcmp(pattern, subject) == 0;
    return strncmp(pattern, subject, len - 1) == 0 && !strchr(subject + len - 1, '.');
}

static void subscribe(struct connection *connection, const struct command *command)
{
    REQUIRE(connection->subscription_count < SUBSCRIPTIONS_MAX && command->count == 3);
    struct subscription *made = &connection->subscriptions[connection->subscription_count++];
    made->subject = strdup(command->words[1]);
    REQUIRE(made->subject && strlen(command->words[2]) < sizeof made->sid);
    strcpy(made->sid, command->words[2]);
}

static void unsubscribe(struct connection *connection, const struct command *command)
{
    for (unsigned i = 0; i < connection->subscription_count; i++) {
        struct subscription *found = &connection->subscriptions[i];
        if (strcmp(found->sid, command->words[1]) != 0)
            continue;
        free(found->subject);
        *found = connection->subscriptions[--connection->subscription_count];
        return;
    }
}

static void deliver(struct connection *connection, const char *subject, struct pinion_slice bytes)
{
    char head[1200];
    for (unsigned i = 0; i < connection->subscription_count; i++) {
        const struct subscription *to = &connection->subscriptions[i];
        if (!fits(to->subject, subject))
            continue;
        (void)snprintf(head, sizeof head, "MSG %s %s %zu\r\n", subject, to->sid, bytes.len);
        say(connection, head);
        ok(pinion__buf_append(&connection->out.bytes, bytes.ptr, bytes.len));
        say(connection, "\r\n");
    }
}

/* The server answers a request without subscribers. */
static void say_nobody(struct connection *connection, const char *reply)
{
    char head[1200];
    for (unsigned i = 0; i < connection->subscription_count; i++) {
        const struct subscription *to = &connection->subscriptions[i];
        if (!fits(to->subject, reply))
            continue;
        (void)snprintf(head, sizeof head, "HMSG %s %s 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", reply, to->sid);
        say(connection, head);
    }
}

/* A client does not receive what it publishes itself. */
static void publish(struct connection *connection, const struct command *command)
{
    user_arrived(command->words[1], command->payload);
    if (command->count == 4 && !server.others)
        say_nobody(connection, command->words[2]);
}

static bool is_verb(const struct command *command, const char *verb)
{
    return strcmp(command->words[0], verb) == 0;
}

static void perform(struct connection *connection, const struct command *command)
{
    server.commands++;
    if (is_verb(command, "PING"))
        say(connection, "PONG\r\n");
    else if (is_verb(command, "SUB"))
        subscribe(connection, command);
    else if (is_verb(command, "UNSUB"))
        unsubscribe(connection, command);
    else if (is_verb(command, "PUB"))
        publish(connection, command);
    else if (is_verb(command, "CONNECT"))
        welcome(connection);
    else
        REQUIRE(is_verb(command, "PONG"));
}

/* Say that the command is not permitted, or another error. */
static void say_error(struct connection *connection, const struct command *command, unsigned choice)
{
    server.was_bad = true;
    say(connection, "-ERR ");
    if (choice % 2 == 0 && (is_verb(command, "SUB") || is_verb(command, "PUB"))) {
        say(connection, is_verb(command, "SUB") ? "'Permissions Violation for Subscription to \""
                                                : "'Permissions Violation for Publish to \"");
        say(connection, command->words[1]);
        say(connection, "\"'");
    } else {
        connection->lies = true; /* the client does not know that nothing was done */
        say(connection, errors[choice / 2 % COUNT(errors)]);
    }
    say(connection, "\r\n");
}

static void answer_otherwise(struct connection *connection, enum nats_manner manner, unsigned choice,
                             size_t begin)
{
    if (manner >= NATS_SILENT)
        lie(connection);
    if (manner == NATS_CUT)
        answers_halve(&connection->out, begin);
    if (manner == NATS_SILENT || manner == NATS_OTHER)
        connection->out.bytes.len = begin;
    if (manner == NATS_TWICE)
        answers_repeat(&connection->out, begin);
    if (manner == NATS_OTHER)
        say(connection, answers[choice % COUNT(answers)]);
}

/* Returns false if the connection must be closed. */
static bool respond(struct connection *connection, const struct command *command)
{
    enum nats_manner manner = server.next_count > 0 ? server.next[0].manner : NATS_GOOD;
    unsigned choice = server.next[0].choice;
    size_t begin = connection->out.bytes.len;
    if (server.next_count > 0)
        memmove(server.next, server.next + 1, --server.next_count * sizeof *server.next);
    if (manner == NATS_ENDS)
        return false;
    if (manner == NATS_ERROR) {
        say_error(connection, command, choice);
        return true;
    }
    perform(connection, command);
    answer_otherwise(connection, manner, choice, begin);
    return manner != NATS_CUT && manner != NATS_DONE;
}

/* ---- reading ---- */

static unsigned split(const char *line, size_t len, struct command *command)
{
    char copy[LINE_BYTES], *rest = NULL;
    unsigned count = 0;
    REQUIRE(len < sizeof copy);
    memcpy(copy, line, len);
    copy[len] = '\0';
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (count == 1 && strcmp(command->words[0], "CONNECT") == 0)
            break;
        REQUIRE(count < COUNT(command->words) && strlen(word) < sizeof command->words[0]);
        strcpy(command->words[count++], word);
    }
    REQUIRE(count > 0);
    return count;
}

/* Returns false if it has not come completely. */
static bool read_command(struct pinion_slice *bytes, struct command *command)
{
    const char *end = bytes->len ? memchr(bytes->ptr, '\n', bytes->len) : NULL;
    if (!end)
        return false;
    REQUIRE(end > bytes->ptr && end[-1] == '\r');
    size_t taken = (size_t)(end + 1 - bytes->ptr);
    command->count = split(bytes->ptr, taken - 2, command);
    if (is_verb(command, "PUB")) {
        size_t len = strtoul(command->words[command->count - 1], NULL, 10);
        REQUIRE(command->count >= 3);
        if (bytes->len < taken + len + 2)
            return false;
        command->payload = pinion__slice(bytes->ptr + taken, len);
        REQUIRE(memcmp(bytes->ptr + taken + len, "\r\n", 2) == 0);
        taken += len + 2;
    }
    bytes->ptr += taken;
    bytes->len -= taken;
    return true;
}

static bool respond_to_all(struct connection *connection)
{
    static struct command command;
    struct pinion_slice rest = pinion__slice(connection->in.data, connection->in.len);
    bool goes_on = true;
    while (goes_on && read_command(&rest, &command))
        goes_on = respond(connection, &command);
    pinion__buf_consume(&connection->in, connection->in.len - rest.len);
    return goes_on;
}

/* A handshake begins, if the first line requires one. */
static bool is_tls(const struct connection *connection)
{
    return connection->in.len > 0 && *connection->in.data == 0x16;
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
        if (n > 0 && !is_tls(connection) && respond_to_all(connection))
            continue;
        if (n > 0)
            flush(connection, SIZE_MAX);
        close_connection(connection);
    }
}

/* ---- the thread ---- */

static void hand_out(struct connection *connection)
{
    size_t least = answers_left(&connection->out) / PIECES_MAX;
    size_t piece = server.piece && server.piece < least ? least : server.piece;
    if (connection->fd >= 0 && !server.held)
        flush(connection, piece ? piece : SIZE_MAX);
}

static unsigned list_fds(struct pollfd *fds)
{
    unsigned count = 2;
    fds[0] = (struct pollfd){ .fd = server.wake, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = server.listener, .events = POLLIN };
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *connection = &server.connections[i];
        bool writes = !server.held && answers_left(&connection->out) > 0;
        if (connection->fd >= 0)
            fds[count++] =
                (struct pollfd){ .fd = connection->fd, .events = (short)(POLLIN | (writes ? POLLOUT : 0)) };
    }
    return count;
}

static void *serve(void *data)
{
    struct pollfd fds[2 + CONNECTIONS_MAX];
    pthread_mutex_lock(&server.lock);
    while (!server.ends) {
        uint64_t count;
        nfds_t listed = list_fds(fds);
        pthread_mutex_unlock(&server.lock);
        (void)ppoll(fds, listed, NULL, NULL);
        pthread_mutex_lock(&server.lock);
        if (fds[0].revents)
            REQUIRE(read(server.wake, &count, sizeof count) == sizeof count);
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
            take_in(&server.connections[i]);
        if (fds[1].revents)
            accept_one();
        for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
            hand_out(&server.connections[i]);
    }
    pthread_mutex_unlock(&server.lock);
    return NULL;
}

static void listen_on_loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(server.listener >= 0);
    ok(bind(server.listener, (struct sockaddr *)&address, sizeof address));
    ok(listen(server.listener, 64));
    ok(getsockname(server.listener, (struct sockaddr *)&address, &len));
    server.port = ntohs(address.sin_port);
}

void nats_server_begin(void)
{
    pthread_mutex_t kept = server.lock;
    memset(&server, 0, sizeof server);
    server.lock = kept;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
        server.connections[i].fd = -1;
    server.others = true;
    server.wake = eventfd(0, EFD_CLOEXEC);
    REQUIRE(server.wake >= 0);
    listen_on_loopback();
    ok(pthread_create(&server.thread, NULL, serve, NULL));
}

void nats_server_end(void)
{
    lock();
    server.ends = true;
    unlock();
    pthread_join(server.thread, NULL);
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
        close_connection(&server.connections[i]);
    close(server.listener);
    close(server.wake);
}

uint16_t nats_server_port(void)
{
    return server.port;
}

/* ---- the script's ---- */

void nats_server_manner(enum nats_manner manner, unsigned choice)
{
    lock();
    if (server.next_count < MANNERS_MAX) {
        server.next[server.next_count].manner = manner;
        server.next[server.next_count++].choice = choice;
    }
    unlock();
}

void nats_server_greeting(unsigned choice)
{
    lock();
    server.greeting = choice;
    unlock();
}

void nats_server_refuse(unsigned count)
{
    lock();
    server.refuses = count;
    unlock();
}

void nats_server_hold(bool held)
{
    lock();
    server.held = held;
    unlock();
}

void nats_server_piece(size_t piece)
{
    lock();
    server.piece = piece;
    unlock();
}

/* Lengths have at most six digits, as with fuzz_redis. */
void nats_server_raw(struct pinion_slice bytes)
{
    size_t digits = 0;
    lock();
    struct connection *connection = client();
    if (connection)
        lie(connection);
    for (size_t i = 0; connection && i < bytes.len; i++) {
        char c = bytes.ptr[i];
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits <= 6)
            ok(pinion__buf_append_char(&connection->out.bytes, c));
    }
    unlock();
}

void nats_server_close(void)
{
    lock();
    if (client())
        close_connection(client());
    unlock();
}

/* A server does this when it has read its settings again. */
void nats_server_revoke(unsigned choice)
{
    lock();
    struct connection *connection = client();
    if (connection && connection->subscription_count > 0) {
        struct subscription *gone = &connection->subscriptions[choice % connection->subscription_count];
        server.was_bad = true;
        say(connection, "-ERR 'Permissions Violation for Subscription to \"");
        say(connection, gone->subject);
        say(connection, "\" (sid \"");
        say(connection, gone->sid);
        say(connection, "\")'\r\n");
        free(gone->subject);
        *gone = connection->subscriptions[--connection->subscription_count];
    }
    unlock();
}

void nats_server_others(bool there)
{
    lock();
    server.others = there;
    unlock();
}

void nats_server_publish(const char *subject, struct pinion_slice bytes)
{
    lock();
    if (client())
        deliver(client(), subject, bytes);
    unlock();
}

void nats_server_heal(void)
{
    lock();
    server.refuses = server.greeting = server.next_count = 0;
    server.held = false;
    server.piece = 0;
    server.others = true;
    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (server.connections[i].fd >= 0 && (server.connections[i].lies || !server.connections[i].client))
            close_connection(&server.connections[i]);
    }
    unlock();
}

/* ---- what is known ---- */

unsigned nats_server_subscriptions(void)
{
    lock();
    unsigned count = client() ? client()->subscription_count : 0;
    unlock();
    return count;
}

bool nats_server_has(const char *subject)
{
    bool has = false;
    lock();
    const struct connection *connection = client();
    for (unsigned i = 0; connection && i < connection->subscription_count; i++)
        has |= strcmp(connection->subscriptions[i].subject, subject) == 0;
    unlock();
    return has;
}

unsigned nats_server_commands(void)
{
    lock();
    unsigned commands = server.commands;
    unlock();
    return commands;
}

bool nats_server_was_bad(void)
{
    lock();
    bool bad = server.was_bad;
    unlock();
    return bad;
}
