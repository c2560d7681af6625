/* Heads and bodies as they go over the wire: a kept connection is only as good as they are. */
#include "helpers/endpoint.h"

static int param(const pinion_request *request, const char *name)
{
    const char *text = json_string_value(pinion_payload_get(pinion_request_params(request), name));
    return text ? atoi(text) : 0;
}

/* The status that the query asks for, a type of so many characters, and five bytes. */
static void send_wanted(const pinion_request *request, pinion_response *response, void *data)
{
    char type[6000];
    int len = param(request, "type");
    assert_true(len > 0 && (size_t)len < sizeof type);
    memset(type, 't', (size_t)len);
    type[len] = '\0';
    pinion_response_send(response, param(request, "status"), type, "HTTP/", 5);
}

static void serve(void)
{
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .max_head = 400 }));
    ok(pinion_endpoint_get(endpoint, "/", endpoint_page, NULL));
    ok(pinion_endpoint_get(endpoint, "/wanted", send_wanted, NULL));
    ok(pinion_endpoint_start(endpoint));
}

static void ask(int fd, const char *request)
{
    assert_true(tcp_send(fd, request, strlen(request)));
}

static void ask_wanted(int fd, int status, size_t type)
{
    char request[200];
    snprintf(request, sizeof request, "GET /wanted?status=%d&type=%zu HTTP/1.1\r\nHost: x\r\n\r\n", status,
             type);
    ask(fd, request);
}

#define NEXT "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

/* Right behind the head comes the answer to the next request. */
static void assert_next_answer(int fd)
{
    char head[1000], body[2];
    ask(fd, NEXT);
    assert_int_equal(tcp_head(fd, head, sizeof head), 200);
    assert_memory_equal(head, "HTTP/1.1 ", 9);
    assert_true(tcp_read(fd, body, 2));
    assert_memory_equal(body, "ok", 2);
}

static void statuses_without_content_have_none(void **state)
{
    static const int statuses[] = { 204, 205, 304 };
    char head[1000];
    serve();
    int fd = connected_fd();
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        ask_wanted(fd, statuses[i], 20);
        assert_int_equal(tcp_head(fd, head, sizeof head), statuses[i]);
        assert_null(strstr(head, "\r\ncontent-type:"));
        assert_true(statuses[i] == 205 ? strstr(head, "\r\ncontent-length: 0\r\n") != NULL
                                       : strstr(head, "content-length") == NULL);
        assert_next_answer(fd);
    }
    close(fd);
}

static void a_long_content_type_comes_whole(void **state)
{
    char head[6000];
    serve();
    int fd = connected_fd();
    for (size_t len = 100; len < 5000; len += len < 200 ? 1 : 777) {
        ask_wanted(fd, 200, len);
        assert_int_equal(tcp_head(fd, head, sizeof head), 200);
        const char *at = strstr(head, "\r\ncontent-type: t");
        assert_non_null(at);
        assert_int_equal(strspn(at + strlen("\r\ncontent-type: "), "t"), len);
        assert_memory_equal(at + strlen("\r\ncontent-type: ") + len, "\r\n", 2);
        assert_non_null(strstr(head, "\r\ncontent-length: 5\r\n"));
        char body[5];
        assert_true(tcp_read(fd, body, sizeof body));
    }
    close(fd);
}

/* What is left of the connection after this head; it must be closed by the server. */
static size_t rest_of(int fd)
{
    char rest[1000];
    size_t len = 0;
    ssize_t got;
    while ((got = recv(fd, rest, sizeof rest, 0)) > 0)
        len += (size_t)got;
    assert_int_equal(got, 0);
    return len;
}

/* A refusal says how long its content would be, and sends none. */
static void a_head_is_refused_without_content(void **state)
{
    static const char *const requests[] = {
        "HEAD / HTTP/1.1\r\n\r\n",
        "\r\nHEAD / HTTP/1.1\r\n\r\n",
        "HEAD / HTTP/3.0\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HEAD /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    };
    char head[1000];
    serve();
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int fd = connected_fd();
        ask(fd, requests[i]);
        assert_true(tcp_head(fd, head, sizeof head) >= 400);
        assert_null(strstr(head, "content-length: 0"));
        assert_int_equal(rest_of(fd), 0);
        close(fd);
    }
}

static void what_is_wrong_has_its_status(void **state)
{
    static const struct {
        const char *request;
        int status;
    } table[] = {
        { "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 200 },
        { "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
        { "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
        { "BREW /none HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
        { "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400 },
        { "GET http://:80/ HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
    };
    char head[1000];
    serve();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int fd = connected_fd();
        ask(fd, table[i].request);
        assert_int_equal(tcp_head(fd, head, sizeof head), table[i].status);
        close(fd);
    }
}

static void too_long_is_said_of_the_line_or_of_the_fields(void **state)
{
    char request[900], head[1000];
    serve();
    for (int ended = 0; ended <= 1; ended++) {
        const char *end = ended ? "\r\n\r\n" : "";
        int fd = connected_fd();
        snprintf(request, sizeof request, "GET /%0500d%s%s", 0, ended ? " HTTP/1.1\r\nHost: x" : "", end);
        ask(fd, request);
        assert_int_equal(tcp_head(fd, head, sizeof head), 414);
        close(fd);
        fd = connected_fd();
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\nX: %0500d%s", 0, end);
        ask(fd, request);
        assert_int_equal(tcp_head(fd, head, sizeof head), 431);
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(statuses_without_content_have_none),
        TEST(a_long_content_type_comes_whole),
        TEST(a_head_is_refused_without_content),
        TEST(what_is_wrong_has_its_status),
        TEST(too_long_is_said_of_the_line_or_of_the_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
