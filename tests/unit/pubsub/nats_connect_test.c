/* A nats-server that says its first line, and then nothing: as one that hangs, or whose host has gone. */
#include "helpers/tcp.h"
#include "pubsub/nats_connect.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PLAIN "INFO {\"proto\":1,\"headers\":true,\"max_payload\":1048576}\r\n"
#define TLS   "INFO {\"proto\":1,\"headers\":true,\"max_payload\":1048576,\"tls_required\":true}\r\n"

static int listener;
static char port[8];
static struct pinion_broker_url url;

static void begin_to_listen(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    url = (struct pinion_broker_url){ .host = "127.0.0.1", .port = ntohs(address.sin_port) };
    snprintf(port, sizeof port, "%u", url.port);
}

/* Somebody else's connection to that server. */
static int connect_beside(void)
{
    int fd = tcp_connect(url.port);
    assert_true(fd >= 0);
    return fd;
}

/* Until the client closes. */
static void *greet(void *line)
{
    char bytes[512];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) > 0) {
        while (recv(fd, bytes, sizeof bytes, 0) > 0)
            continue;
    }
    close(fd);
    return NULL;
}

static void expect_cut_short(char *line, bool secure)
{
    natsConnection *connection = NULL;
    natsOptions *options = NULL;
    pthread_t thread;
    char server[40];
    begin_to_listen();
    int beside = connect_beside(), accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(pthread_create(&thread, NULL, greet, line), 0);
    snprintf(server, sizeof server, "nats://127.0.0.1:%s", port);
    assert_int_equal(natsOptions_Create(&options), NATS_OK);
    assert_int_equal(natsOptions_SetURL(options, server), NATS_OK);
    assert_int_equal(natsOptions_SetSecure(options, secure), NATS_OK);
    assert_int_equal(natsOptions_SetTimeout(options, 200), NATS_OK);
    assert_int_equal(natsOptions_SetAllowReconnect(options, false), NATS_OK);
    assert_int_equal(pinion__nats_connect(&connection, options, &url), NATS_TIMEOUT);
    assert_null(connection);
    assert_int_equal(recv(beside, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    natsOptions_Destroy(options);
    pthread_join(thread, NULL);
    close(beside);
    close(accepted);
    close(listener);
}

static void a_server_that_says_no_more_than_its_first_line(void **state)
{
    expect_cut_short(PLAIN, false);
}

static void a_server_that_does_not_go_on_with_tls(void **state)
{
    expect_cut_short(TLS, true);
}

static int finish(void **state)
{
    nats_Close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_says_no_more_than_its_first_line),
        cmocka_unit_test(a_server_that_does_not_go_on_with_tls),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
