/* The test kit's requests over HTTP. Each goes over a connection of its own to the endpoint's HTTP server, as
 * one from the network does (wire.h). */
#include "base/sized.h"
#include "endpoint/endpoint.h"
#include "http/check.h"
#include "io/peer.h"
#include "testing/answer.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the request ---- */

static bool has_header(const char *const *headers, const char *name)
{
    for (; headers && *headers; headers++) {
        if (pinion__test_line_has_name(*headers, name))
            return true;
    }
    return false;
}

static struct pinion_slice body_of(const pinion_test_http_options *options)
{
    if (options->json)
        return pinion__slice_str(options->json);
    if (options->body && options->length == 0)
        return pinion__slice_str(options->body);
    return pinion__slice(options->body, options->length);
}

/* Clients say how long a body is, also of an empty one where the method would have one. */
static bool says_length(const char *method, const char *const *headers, struct pinion_slice body)
{
    bool usual = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
    return (body.len > 0 || usual) && !has_header(headers, "content-length") &&
           !has_header(headers, "transfer-encoding");
}

/* A stream's failures are looked at in the end. */
static void write_request(FILE *out, const char *method, const char *target,
                          const pinion_test_http_options *options)
{
    struct pinion_slice body = body_of(options);
    const char *const *headers = options->headers;
    fprintf(out, "%s %s HTTP/1.1\r\nhost: %s\r\n", method, target,
            options->host ? options->host : "localhost");
    for (; headers && *headers; headers++)
        fprintf(out, "%s\r\n", *headers);
    if (options->json && !has_header(options->headers, "content-type"))
        fputs("content-type: application/json\r\n", out);
    if (says_length(method, options->headers, body))
        fprintf(out, "content-length: %zu\r\n", body.len);
    fputs("\r\n", out);
    fwrite(body.ptr, 1, body.len, out);
}

static int make_request(struct pinion_buf *sent, const char *method, const char *target,
                        const pinion_test_http_options *options)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return PINION_ENOMEM;
    write_request(out, method, target, options);
    bool failed = ferror(out) != 0;
    int rc = fclose(out) != 0 || failed ? PINION_ENOMEM : pinion__buf_append(sent, text, size);
    free(text);
    return rc;
}

/* ---- where it comes from ---- */

static int read_peer(const pinion_test_http_options *options, struct sockaddr_storage *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    address->ss_family = AF_UNSPEC;
    if (!options->peer || !options->peer[0])
        return 0;
    if (inet_pton(AF_INET, options->peer, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(options->peer_port);
        return 0;
    }
    if (inet_pton(AF_INET6, options->peer, &v6->sin6_addr) != 1)
        return pinion__fail(PINION_EINVAL, "pinion_test_http_options: peer \"%s\" is not an address",
                            options->peer);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(options->peer_port);
    return 0;
}

/* ---- its life ---- */

static void accept_wire(void *context, void *user, struct pinion_conn *conn)
{
    const pinion_test *test = context;
    pinion__http_accept(&test->endpoint->loops[0].http, conn);
}

/* The test takes the turns, not the wire. */
static uint64_t no_turn(void *context)
{
    return 0;
}

static const struct pinion_loop_events events = { .accepted = accept_wire, .turn = no_turn };

static void on_received(struct pinion_wire_client *client)
{
    pinion__test_answer_read(PINION_CONTAINER_OF(client, struct pinion_test_answer, client));
}

static void answer_free(struct pinion_test_answer *answer)
{
    pinion__list_remove(&answer->node);
    pinion__buf_release(&answer->client.sent);
    pinion__buf_release(&answer->client.came);
    free(answer->cookie);
    free(answer);
}

static struct pinion_test_answer *answer_new(pinion_test *test, const char *method, const char *target)
{
    size_t named = strlen(method) + 1, room = named + strlen(target) + 1;
    struct pinion_test_answer *answer = calloc(1, sizeof *answer + room);
    if (!answer)
        return NULL;
    memcpy(answer->method, method, named);
    answer->target = answer->method + named;
    memcpy(answer->target, target, room - named);
    answer->test = test;
    answer->for_head = strcmp(method, "HEAD") == 0;
    answer->client.received = on_received;
    pinion__buf_init(&answer->client.sent, SIZE_MAX);
    pinion__buf_init(&answer->client.came, SIZE_MAX);
    pinion__list_append(&test->answers, &answer->node);
    return answer;
}

static int send_off(struct pinion_test_answer *answer, const pinion_test_http_options *options)
{
    pinion_test *test = answer->test;
    int rc = read_peer(options, &answer->client.address);
    if (!rc)
        rc = make_request(&answer->client.sent, answer->method, answer->target, options);
    if (!rc && !test->wire)
        rc = pinion__wire_new(&test->wire, &events, test);
    return rc ? rc : pinion__wire_connect(test->wire, &answer->client);
}

static int ask(pinion_test *test, const char *method, const char *target,
               const pinion_test_http_options *given, pinion_test_answer **out, size_t size)
{
    pinion_test_http_options options;
    int rc = PINION_TAKE(pinion_test_http_options, &options, given, size);
    if (!rc && options.json && options.body)
        rc = pinion__fail(PINION_EINVAL, "pinion_test_http_options: both json and body are given");
    if (rc)
        return rc;
    struct pinion_test_answer *answer = answer_new(test, method, target);
    if (!answer)
        return PINION_ENOMEM;
    rc = send_off(answer, &options);
    if (rc) {
        answer_free(answer);
        return rc;
    }
    *out = answer;
    pinion_test_run(test);
    return 0;
}

int pinion_test_http_sized(pinion_test *test, const char *method, const char *target,
                           const pinion_test_http_options *options, pinion_test_answer **out, size_t size)
{
    PINION_NEED_TEST(test, return PINION_EINVAL);
    PINION_NEEDED(method);
    PINION_NEEDED(target);
    PINION_NEEDED(out);
    PINION_RETURN(ask(test, method, target, options, out, size));
}

void pinion_test_give_up(pinion_test_answer *answer)
{
    PINION_NEED_ANSWER(answer, return );
    answer->given_up = !answer->whole;
    pinion__wire_reset(&answer->client);
    pinion_test_run(answer->test);
}

/* ---- the test's part ---- */

void pinion__test_http_check(const pinion_test *test)
{
    PINION_CHECK(pinion__http_server_check(&test->endpoint->loops[0].http));
}

void pinion__test_http_end(pinion_test *test)
{
    PINION_LIST_FOREACH (node, &test->answers)
        pinion__wire_reset(&PINION_CONTAINER_OF(node, struct pinion_test_answer, node)->client);
}

bool pinion__test_http_over(const pinion_test *test)
{
    return !test->wire || !pinion__wire_is_used(test->wire);
}

void pinion__test_http_free(pinion_test *test)
{
    pinion__wire_free(test->wire);
    PINION_LIST_FOREACH_SAFE (node, &test->answers)
        answer_free(PINION_CONTAINER_OF(node, struct pinion_test_answer, node));
}
