/* Settings of the adapters for brokers: what works and what is refused, on real servers. What they do in a
 * connection, and when it breaks, is in tests/contract. */
#include "pubsub/broker.h"
#include <pinion/log.h>
#include <pinion/pinion.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "helpers/broker.h"

#define SECRET "open-sesame"

static char logged[16384];
static size_t logged_len;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t log_grown = PTHREAD_COND_INITIALIZER;

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    pthread_mutex_lock(&log_lock);
    int n = snprintf(logged + logged_len, sizeof logged - logged_len, "%s\n", line);
    if (n > 0 && (size_t)n < sizeof logged - logged_len)
        logged_len += (size_t)n;
    pthread_cond_signal(&log_grown);
    pthread_mutex_unlock(&log_lock);
}

static void await_logged(const char *words)
{
    struct timespec deadline;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += BROKER_PATIENCE_MS / 1000;
    pthread_mutex_lock(&log_lock);
    while (!strstr(logged, words) && rc == 0)
        rc = pthread_cond_clockwait(&log_grown, &log_lock, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&log_lock);
    assert_int_equal(rc, 0);
}

static int begin(void **state)
{
    logged_len = 0;
    logged[0] = '\0';
    pinion_log_set_level(PINION_LOG_DEBUG);
    pinion_log_set_function(keep_line, NULL);
    return 0;
}

/* Whatever was written, no password was. */
static int finish(void **state)
{
    pinion_log_set_function(NULL, NULL);
    assert_null(strstr(logged, SECRET));
    assert_null(strstr(pinion_error_detail(), SECRET));
    return 0;
}

/* Start an endpoint and end it. What start says; whether it was connected then. */
static int try_url(const char *format, uint16_t port, bool *connected)
{
    pinion_endpoint *endpoint = NULL;
    pinion_stats stats;
    char url[400];
    snprintf(url, sizeof url, format, port);
    int rc = pinion_endpoint_new(
        &endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .pubsub = url });
    if (rc)
        return rc;
    rc = pinion_endpoint_start(endpoint);
    if (!rc && connected) {
        await_logged("pubsub ");
        pinion_endpoint_stats(endpoint, &stats);
        *connected = stats.remote_connected;
    }
    pinion_endpoint_free(endpoint);
    return rc;
}

#define TRIES 10

/* The same of a server that is there. On a busy machine its answer may come too late: then start succeeds,
 * the log says so, and we ask once more. */
static int ask_server(const char *format, uint16_t port, bool *connected)
{
    int rc = 0;
    *connected = false;
    for (int i = 0; i < TRIES && rc == 0 && !*connected; i++)
        rc = try_url(format, port, connected);
    return rc;
}

static void expect_refused(const char *format, uint16_t port, int error, const char *words)
{
    bool connected;
    assert_int_equal(ask_server(format, port, &connected), error);
    if (!strstr(pinion_error_detail(), words))
        fail_msg("%s: %s", format, pinion_error_detail());
}

static void expect_connects(const char *format, uint16_t port)
{
    bool connected;
    if (ask_server(format, port, &connected) != 0)
        fail_msg("%s: %s", format, pinion_error_detail());
    assert_true(connected);
}

static void settings_that_are_no_good_are_refused(void **state)
{
    expect_refused("local:%u", 1, PINION_EINVAL, "local");
    expect_refused("nats:%u", 1, PINION_EINVAL, "://");
    expect_refused("nats://x:" SECRET "@h:%u/path", 1, PINION_EINVAL, "path");
    expect_refused("redis://x:" SECRET "@h:%u/name", 1, PINION_EINVAL, "path");
    expect_refused("redis://h:%u?node=a%%0Ab", 1, PINION_EINVAL, "node");
    expect_refused("nats://x:" SECRET "@h:%u?topcis=1", 1, PINION_EINVAL, "topcis");
}

/* Nothing listens there: the endpoint runs, and goes on trying. */
static void a_broker_that_is_not_there_is_waited_for(void **state)
{
    bool connected = true;
    uint16_t port = broker_free_port();
    assert_int_equal(try_url("nats://x:" SECRET "@127.0.0.1:%u", port, &connected), 0);
    assert_false(connected);
    assert_non_null(strstr(logged, "cut off"));
    logged_len = 0;
    logged[0] = '\0';
    assert_int_equal(try_url("redis://x:" SECRET "@127.0.0.1:%u", port, &connected), 0);
    assert_false(connected);
    assert_non_null(strstr(logged, "cut off"));
}

static void nats_users_and_passwords(void **state)
{
    static const char *const args[] = { "--user", "ali", "--pass", SECRET, NULL };
    struct broker_server server;
    if (!broker_is_installed(&broker_nats))
        skip();
    broker_start(&server, &broker_nats, args);
    expect_connects("nats://ali:" SECRET "@127.0.0.1:%u", server.port);
    expect_refused("nats://ali:not-" SECRET "@127.0.0.1:%u", server.port, PINION_EACCES, "refuses the user");
    expect_refused("nats://127.0.0.1:%u", server.port, PINION_EACCES, "refuses the user");
    expect_refused("tls://ali:" SECRET "@127.0.0.1:%u", server.port, PINION_EINVAL, "no TLS");
    broker_kill(&server);
}

static void nats_tokens(void **state)
{
    static const char *const args[] = { "--auth", SECRET, NULL };
    struct broker_server server;
    if (!broker_is_installed(&broker_nats))
        skip();
    broker_start(&server, &broker_nats, args);
    expect_connects("nats://" SECRET "@127.0.0.1:%u", server.port);
    expect_refused("nats://not-" SECRET "@127.0.0.1:%u", server.port, PINION_EACCES, "refuses the user");
    broker_kill(&server);
}

/* A certificate of localhost that signs itself, in a directory of its own. */
static void make_certificate(char *directory, size_t size)
{
    char command[400];
    const char *place = getenv("TMPDIR");
    snprintf(directory, size, "%s/pinion-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(directory));
    snprintf(command, sizeof command,
             "cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
             "-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null",
             directory);
    assert_int_equal(system(command), 0);
}

static void remove_certificate(const char *directory)
{
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

static void nats_tls(void **state)
{
    char directory[100], cert[128], key[128], url[256];
    struct broker_server server;
    if (!broker_is_installed(&broker_nats))
        skip();
    make_certificate(directory, sizeof directory);
    snprintf(cert, sizeof cert, "%s/cert.pem", directory);
    snprintf(key, sizeof key, "%s/key.pem", directory);
    const char *const args[] = { "--tls", "--tlscert", cert, "--tlskey", key, NULL };
    broker_start(&server, &broker_nats, args);
    snprintf(url, sizeof url, "tls://localhost:%%u?ca=%s", cert);
    expect_connects(url, server.port);
    snprintf(url, sizeof url, "tls://127.0.0.1:%%u?ca=%s", cert); /* which is not its name */
    expect_refused(url, server.port, PINION_EACCES, "certificate");
    expect_refused("tls://localhost:%u", server.port, PINION_EACCES,
                   "certificate"); /* signed by nobody known */
    expect_refused("nats://localhost:%u", server.port, PINION_EINVAL, "wants TLS: tls://");
    expect_refused("tls://localhost:%u?ca=/nowhere", server.port, PINION_EINVAL,
                   "\"ca\" cannot be read: /nowhere: No such file");
    expect_refused("tls://localhost:%u?cert=/nowhere", server.port, PINION_EINVAL, "\"key\"");
    broker_kill(&server);
    remove_certificate(directory);
}

/* A server that wants to know who connects says so after the handshake, in TLS 1.3. */
static void nats_tls_with_certificates_of_clients(void **state)
{
    char directory[100], cert[128], key[128], url[512];
    struct broker_server server;
    if (!broker_is_installed(&broker_nats))
        skip();
    make_certificate(directory, sizeof directory);
    snprintf(cert, sizeof cert, "%s/cert.pem", directory);
    snprintf(key, sizeof key, "%s/key.pem", directory);
    const char *const args[] = {
        "--tlsverify", "--tlscert", cert, "--tlskey", key, "--tlscacert", cert, NULL
    };
    broker_start(&server, &broker_nats, args);
    snprintf(url, sizeof url, "tls://localhost:%%u?ca=%s", cert);
    expect_refused(url, server.port, PINION_EACCES, "wants a certificate of this node");
    snprintf(url, sizeof url, "tls://localhost:%%u?ca=%s&cert=%s&key=%s", cert, cert, key);
    expect_connects(url, server.port);
    broker_kill(&server);
    remove_certificate(directory);
}

static void redis_passwords(void **state)
{
    static const char *const args[] = { "--requirepass", SECRET, NULL };
    struct broker_server server;
    if (!broker_is_installed(&broker_redis))
        skip();
    broker_start(&server, &broker_redis, args);
    expect_connects("redis://:" SECRET "@127.0.0.1:%u/0", server.port);
    expect_connects("redis://default:" SECRET "@127.0.0.1:%u", server.port);
    expect_refused("redis://:not-" SECRET "@127.0.0.1:%u", server.port, PINION_EACCES, "refuses the user");
    expect_refused("redis://127.0.0.1:%u", server.port, PINION_EACCES, "refuses the user");
    broker_kill(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_that_are_no_good_are_refused),
        TEST(a_broker_that_is_not_there_is_waited_for),
        TEST(nats_users_and_passwords),
        TEST(nats_tokens),
        TEST(nats_tls),
        TEST(nats_tls_with_certificates_of_clients),
        TEST(redis_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
