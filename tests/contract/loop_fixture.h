/* What the contract tests of src/io/loop.h share. A fixture is one loop with one listener, run by the test,
 * and a client: a thread with plain blocking sockets. The test is a script of what the two do.
 *
 * The fixture checks what holds in every test: no event inside another or inside a call, none after closed,
 * closed exactly once and in a later turn than the close, all on the loop's thread, no connection left, and
 * no reference to a frame left. What fails on a thread is noted and reported by fixture_finish.
 */
#ifndef PINION_TESTS_LOOP_FIXTURE_H
#define PINION_TESTS_LOOP_FIXTURE_H

#include "io/loop.h"
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

struct fixture;

/* The loop's side of one connection. Lives until fixture_free. */
struct served {
    struct fixture *fixture;
    struct pinion_conn *conn;
    struct served *next;
    uint8_t *received;
    size_t received_len;
    size_t received_room;
    unsigned data_calls; /* the FIN not included */
    unsigned fins;
    unsigned drains;
    unsigned closes;
    unsigned closed_after; /* the closed event may come when this many turns have been */
    int error;             /* what closed told */
};

/* All may be NULL; then: accepted attaches only, data is collected only, fin closes. */
struct script {
    void (*accepted)(struct served *served);
    void (*data)(struct served *served, uint8_t *bytes, size_t len);
    void (*fin)(struct served *served);
    void (*drained)(struct served *served);
    void (*closed)(struct served *served);
    void (*turn)(struct fixture *fixture); /* may set fixture->wait */
    void (*client)(struct fixture *fixture);
    int send_buffer;        /* SO_SNDBUF of the served side, 0: the system's */
    int recv_buffer;        /* SO_RCVBUF of the served side */
    int client_recv_buffer; /* SO_RCVBUF of the client's side */
    bool listen_late;       /* the script calls fixture_listen */
    bool leave_unattached;
    bool nodelay;     /* the listening socket has TCP_NODELAY */
    bool unix_socket; /* instead of TCP */
};

struct fixture {
    const struct script *script;
    struct pinion_loop *loop;
    struct pinion_listener *listener; /* NULL: none yet, or closed */
    int listen_fd;
    uint16_t port;
    char name[6];     /* of a unix-domain socket */
    bool shares_port; /* so that not all the client dials comes here */
    pthread_t loop_thread;
    uint64_t wait; /* what turn() returns; UINT64_MAX before each turn */
    unsigned turns;
    unsigned accepted;
    unsigned closed;
    bool in_event;
    bool in_turn;
    struct served *served; /* the latest first */
    struct pinion_frame **frames;
    size_t frame_count;
    char failure[256];

    pthread_t client_thread;
    bool client_started;
    int *client_fds;
    size_t client_fd_count;
    char client_failure[256]; /* read after client_done */
    atomic_uint dialled;      /* connections that the client made */
    atomic_bool client_done;
    atomic_uint client_step; /* how often the client told the loop */
    sem_t for_client;
    sem_t for_loop;
};

/* Run the tests on each engine, as it comes and with next to no resources; an engine that cannot work here is
 * skipped. Gives the number of failures. */
struct CMUnitTest;
int fixture_run_on_engines(const struct CMUnitTest *tests, size_t count);

/* The engine of the test that runs, and a loop of it. */
extern const struct pinion_loop_ops *fixture_engine;

int fixture_loop_new(struct pinion_loop **out, const struct pinion_loop_events *events, void *context);

/* Set up, run until the client is done and all connections are closed, check; the test frees. */
struct fixture *play(const struct script *script);
/* The same in parts. A port of 0: any. */
struct fixture *fixture_new(const struct script *script, uint16_t port);
void fixture_start_client(struct fixture *fixture);
void fixture_run(struct fixture *fixture);
void fixture_finish(struct fixture *fixture);
void fixture_free(struct fixture *fixture);

/* On the loop's side. A check that fails is noted, and stops the loop. */
#define LOOP_CHECK(fixture, condition) fixture_check(fixture, condition, #condition, __FILE__, __LINE__)
void fixture_check(struct fixture *fixture, bool ok, const char *what, const char *file, int line);
void fixture_listen(struct fixture *fixture);
void fixture_close_listener(struct fixture *fixture);
void tell_client(struct fixture *fixture);
/* Block until the client has called tell_loop. */
void await_client(struct fixture *fixture);
/* A frame of which the fixture keeps a reference too. */
struct pinion_frame *make_frame(struct fixture *fixture, const void *bytes, size_t len);
int queue_bytes(struct served *served, const void *bytes, size_t len);
int queue_pattern(struct served *served, size_t len, unsigned seed);
void close_served(struct served *served);

/* On the client's side. What goes wrong ends the client. */
#define CLIENT_CHECK(fixture, condition)                                                                     \
    ((condition) ? (void)0 : client_fail(fixture, #condition, __FILE__, __LINE__))
_Noreturn void client_fail(struct fixture *fixture, const char *what, const char *file, int line);
int dial(struct fixture *fixture);
/* A socket, or -1 where the connection was refused. */
int try_dial(struct fixture *fixture);
void client_send(struct fixture *fixture, int fd, const void *bytes, size_t len);
void client_expect(struct fixture *fixture, int fd, const void *bytes, size_t len);
void client_expect_pattern(struct fixture *fixture, int fd, size_t len, unsigned seed);
void client_expect_fin(struct fixture *fixture, int fd);
/* Wait for the end of a connection, in whatever form; what comes before is not looked at. */
void client_expect_end(struct fixture *fixture, int fd);
void hang_up(struct fixture *fixture, int fd);
/* Close with an RST. */
void reset(struct fixture *fixture, int fd);
void tell_loop(struct fixture *fixture);
/* Block until the loop's side has called tell_client. */
void await_loop(struct fixture *fixture);

/* A stream of test bytes: write some of it, or compare with it. The loops over the bytes are not
 * instrumented, or they would take most of a run under a sanitizer; the buffers themselves are checked, as
 * those of memcpy are. */
void pattern_fill(uint8_t *bytes, size_t len, size_t offset, unsigned seed);
bool pattern_matches(const uint8_t *bytes, size_t len, size_t offset, unsigned seed);
uint64_t now_ms(void);

#endif
