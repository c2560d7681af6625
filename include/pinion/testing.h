/* Testing channels and routes without a network, as with Phoenix.ChannelTest and ConnTest: an endpoint in the
 * test's own process and thread, clients that speak the protocol to it in memory, and a clock that moves only
 * when the test says so. With a function that checks each result,
 *
 *     static void check(int rc)
 *     {
 *         if (rc < 0) {
 *             fprintf(stderr, "%s: %s\n", pinion_strerror(rc), pinion_error_detail());
 *             exit(1);
 *         }
 *     }
 *
 * a test reads:
 *
 *     pinion_test *test;
 *     pinion_test_client *alice;
 *     check(pinion_test_new(&test, NULL));
 *     check(pinion_test_connect(test, &user_socket, NULL, "", &alice));
 *     check(pinion_test_join(alice, "rooms:lobby", NULL));
 *     check(pinion_test_push(alice, "rooms:lobby", "new_msg", pinion_json("{s:s}", "body", "hi")));
 *     check(pinion_test_expect_push(alice, "rooms:lobby", "new_msg", "{\"body\":\"hi\"}"));
 *     pinion_test_free(test);
 *
 * Everything runs on the calling thread, inside these calls: callbacks, timers, messages, actors. Only work
 * (pinion_channel_work and its like) and threads of your own run elsewhere. An expectation that is not met at
 * once waits for what they post, as long as pinion_test_set_patience allows.
 *
 * Every function that can fail returns 0 or a PINION_E code. After a failure pinion_error_detail() says what
 * was expected, and what the test got instead: whole values, until the next failure or the end of the test. A
 * value whose name looks like a secret (pinion_endpoint_options.filter_parameters) is not shown, nor is that
 * of a cookie. Patterns are JSON text. An object in a pattern matches an object that has at least its
 * members; an array matches an array of the same length, element by element. So members that are random may
 * be left out at any depth. Any other value matches an equal one. NULL matches anything.
 *
 * Thread: the one that called pinion_test_new. */
#ifndef PINION_TESTING_H
#define PINION_TESTING_H

#include <pinion/endpoint.h>
#include <pinion/raw_socket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pinion_test pinion_test;               /* An endpoint without a network, and its clock. */
typedef struct pinion_test_client pinion_test_client; /* A client in memory. */
typedef struct pinion_test_answer pinion_test_answer; /* The answer to a request, or its place. */

/* How a test is set up. Zero means the default. */
typedef struct pinion_test_options {
    /* The application's own data, for callbacks (pinion_endpoint_context). The options of a client may name
     * another one. Borrowed; must outlive the test. Default: NULL. */
    void *context;
    /* Proxies whose word counts about requests over HTTP (pinion_endpoint_options.trusted_proxies). Default:
     * no proxy is trusted. */
    const char *trusted_proxies;
} pinion_test_options;

/* Make a test. A thread may have one at a time. Options are read during the call; NULL means all defaults.
 *
 * Ownership: *out is the caller's, until pinion_test_free.
 *
 * Errors: PINION_EBUSY: this thread has one, which pinion_test_free has not freed; PINION_EINVAL:
 * trusted_proxies has something else than addresses and networks; PINION_EIO: the system gives no random
 * bytes; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_test_new_sized(pinion_test **out, const pinion_test_options *options,
                                                    size_t size);
static inline PINION_CHECKED int pinion_test_new(pinion_test **out, const pinion_test_options *options)
{
    return pinion_test_new_sized(out, options, sizeof(pinion_test_options));
}

/* Disconnect all clients, wait for work under way, and free. NULL is allowed. */
PINION_API void pinion_test_free(pinion_test *test);

/* The endpoint. Every function of an endpoint works on it, with two exceptions: those that listen, run or
 * start it return PINION_EINVAL; those that stop or free it have no effect, and log a warning.
 *
 * Lifetime: the test's. */
PINION_API pinion_endpoint *pinion_test_endpoint(pinion_test *test);

/* Let time pass.
 *
 * Order: timers fire in the order of their times, each with all that it causes. */
PINION_API void pinion_test_advance(pinion_test *test, uint64_t ms);

/* How long an expectation, a join, a leave or a connect waits at most for what other threads post.
 * Milliseconds of real time. Default: 5,000. On excess: PINION_ETIMEDOUT. 0: it does not wait. PINION_NEVER:
 * it waits without end. Set more for work that takes long, and less to test that something does not come. */
PINION_API void pinion_test_set_patience(pinion_test *test, uint32_t ms);

/* Run all that is due now: what other threads have posted, and all that it causes. */
PINION_API void pinion_test_run(pinion_test *test);

/* Wait until all work is done (pinion_channel_work and its like), its `done` has run, and all that it causes:
 * state is saved, for example. It waits as long as pinion_test_set_patience allows.
 *
 * Errors: PINION_ETIMEDOUT: some is still under way. */
PINION_API PINION_CHECKED int pinion_test_finish_work(pinion_test *test);

/* ---- clients ---- */

/* What clients send when they connect, besides their parameters. Zero means the default. It is looked at as
 * that of a real request: the mount's options decide about the origin and the token. */
typedef struct pinion_test_request {
    const char *peer;       /* The client's address. Text. Default: "", there is none. */
    uint16_t peer_port;     /* The client's port. A number. Default: 0, it is not known. */
    const char *auth_token; /* The client's option authToken. Text. Default: the client has none. */
    const char *origin;     /* The Origin header: "https://example.com". Default: none, it is no page. */
    const char *scheme;     /* Of the request: "http" or "https". Default: "http". */
    const char *host;       /* The Host header, with a port: "example.com:4000". Default: "localhost". */
    /* Other headers: PINION_LIST("user-agent: test", "x-request-id: 7"). A list. Default: none. On excess,
     * more than sixty-two: PINION_EINVAL. */
    const char *const *headers;
} pinion_test_request;

/* Set what clients send from now on when they connect. NULL: nothing, as in the beginning. Then no origin is
 * checked.
 *
 * Ownership: strings and lists are copied.
 *
 * Errors: PINION_EINVAL: a header has no name and colon, or there are too many; PINION_ENOMEM: out of memory.
 */
PINION_API PINION_CHECKED int pinion_test_set_request_sized(pinion_test *test,
                                                            const pinion_test_request *request, size_t size);
static inline PINION_CHECKED int pinion_test_set_request(pinion_test *test,
                                                         const pinion_test_request *request)
{
    return pinion_test_set_request_sized(test, request, sizeof(pinion_test_request));
}

/* Connect a client. `query` has its parameters, as a query string ("user_id=7"). It speaks version 2.0.0 of
 * the protocol, unless the query names a vsn.
 *
 * Ownership: the client is freed with the test. The definition is borrowed, and must outlive the test;
 * options are copied.
 *
 * Errors: PINION_EACCES: connect refused, the origin may not connect, or the vsn is not known; PINION_EINVAL:
 * the definition or an option is not valid; PINION_EPROTO: the query is malformed; PINION_ETOOBIG: it has too
 * many parameters, or nests too deep; PINION_ETIMEDOUT: an answer that was to come later did not come;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_test_connect_sized(pinion_test *test, const pinion_socket_def *socket,
                                                        const pinion_socket_options *options,
                                                        const char *query, pinion_test_client **out,
                                                        const pinion_mount_sizes *sizes);
static inline PINION_CHECKED int pinion_test_connect(pinion_test *test, const pinion_socket_def *socket,
                                                     const pinion_socket_options *options, const char *query,
                                                     pinion_test_client **out)
{
    const pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof(pinion_socket_def));
    return pinion_test_connect_sized(test, socket, options, query, out, &sizes);
}

/* Connect a client to a raw socket. Use pinion_test_send_frame and pinion_test_next_frame then.
 *
 * Ownership: as in pinion_test_connect.
 *
 * Errors: those of pinion_test_connect. */
PINION_API PINION_CHECKED int pinion_test_connect_raw_sized(pinion_test *test,
                                                            const pinion_raw_socket_def *socket,
                                                            const pinion_socket_options *options,
                                                            const char *query, pinion_test_client **out,
                                                            const pinion_mount_sizes *sizes);
static inline PINION_CHECKED int pinion_test_connect_raw(pinion_test *test,
                                                         const pinion_raw_socket_def *socket,
                                                         const pinion_socket_options *options,
                                                         const char *query, pinion_test_client **out)
{
    const pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof(pinion_raw_socket_def));
    return pinion_test_connect_raw_sized(test, socket, options, query, out, &sizes);
}

/* End the client's connection, without telling the socket first. */
PINION_API void pinion_test_disconnect(pinion_test_client *client);

/* Join a topic, and wait for the answer.
 *
 * Ownership: consumes params; NULL means {}.
 *
 * Errors: PINION_EACCES: the join was refused, and pinion_test_value is the reason; PINION_ETIMEDOUT: no
 * answer came; PINION_ECLOSED: the socket is closed; those of pinion_test_push. */
PINION_API PINION_CHECKED int pinion_test_join(pinion_test_client *client, const char *topic,
                                               pinion_payload *params);

/* Leave a topic, and wait for phx_close.
 *
 * Errors: those of pinion_test_expect_reply and pinion_test_expect_push; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_test_leave(pinion_test_client *client, const char *topic);

/* Push an event to a joined topic. Returns the message's ref (> 0), for pinion_test_expect_reply, or an
 * error.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_ENOTSUP: a binary payload, of a client that
 * speaks version 1.0.0; PINION_ETOOBIG: a binary payload, and a topic or an event of more than 255 bytes;
 * PINION_ECLOSED: the socket is closed; PINION_ENOMEM: out of memory, or the topic or the event is not
 * UTF-8. */
PINION_API PINION_CHECKED int pinion_test_push(pinion_test_client *client, const char *topic,
                                               const char *event, pinion_payload *payload);

/* ---- expectations ---- */

/* Expect the reply to a push, with this status (NULL: any). Does not wait for a reply that cannot come any
 * more.
 *
 * Errors: PINION_EPROTO: another reply came; PINION_ECLOSED: the socket is closed, or the channel has crashed
 * and nobody holds a ref; PINION_ETIMEDOUT: it did not come; PINION_EINVAL: the pattern is not JSON, or the
 * ref is the error of a push. */
PINION_API PINION_CHECKED int pinion_test_expect_reply(pinion_test_client *client, int ref,
                                                       const char *status, const char *pattern);

/* Expect that the client was sent this event on this topic, by a push or a broadcast. Takes the first message
 * that matches. Others stay for later expectations.
 *
 * Errors: PINION_ECLOSED: it did not come, and the socket is closed; PINION_ETIMEDOUT: it did not come;
 * PINION_EINVAL: the pattern is not JSON. */
PINION_API PINION_CHECKED int pinion_test_expect_push(pinion_test_client *client, const char *topic,
                                                      const char *event, const char *pattern);

/* Expect that the client was not sent this event on this topic (NULL: any event). Does not wait.
 *
 * Errors: PINION_EBUSY: it was. */
PINION_API PINION_CHECKED int pinion_test_refute_push(pinion_test_client *client, const char *topic,
                                                      const char *event);

/* Expect that the socket was closed with this code.
 *
 * Errors: PINION_ETIMEDOUT: it is still open; PINION_EPROTO: it was closed with another code. */
PINION_API PINION_CHECKED int pinion_test_expect_close(pinion_test_client *client, int code);

/* Keep what is broadcast on a topic from now on, for pinion_test_expect_broadcast.
 *
 * Errors: those of pinion_endpoint_subscribe. */
PINION_API PINION_CHECKED int pinion_test_subscribe(pinion_test *test, const char *topic);

/* Expect that an event was broadcast on a topic of pinion_test_subscribe.
 *
 * Errors: PINION_ETIMEDOUT: it was not; PINION_EINVAL: the pattern is not JSON. */
PINION_API PINION_CHECKED int pinion_test_expect_broadcast(pinion_test *test, const char *topic,
                                                           const char *event, const char *pattern);

/* The payload that met the last expectation, or answered the last join: a JSON value; NULL for a binary one.
 *
 * Lifetime: until the next call. */
PINION_API json_t *pinion_test_value(const pinion_test *test);

/* The same payload as bytes. length may be NULL.
 *
 * Lifetime: until the next call. */
PINION_API const char *pinion_test_bytes(const pinion_test *test, size_t *length);

/* ---- requests over HTTP ---- */

/* What a request has besides its method and its target. Zero means the default. All is sent as it is given,
 * also what is not valid. */
typedef struct pinion_test_http_options {
    /* Headers: PINION_LIST("authorization: Bearer x", "cookie: a=b"). A list. Default: none. The kit writes
     * Host itself, and the Content-Length of a body, unless Content-Length or Transfer-Encoding is among
     * these. */
    const char *const *headers;
    const char *json; /* The body: JSON text. Its Content-Type is "application/json", unless the headers have
                         another one. Default: none. */
    const char *body; /* Another body, instead of `json`. Default: none. */
    size_t length;    /* Of `body`. Bytes. Default: it is a text, up to its terminator. */
    const char *host; /* The Host header, with a port. Default: "localhost". */
    const char *peer; /* The client's address. Text. Default: "", there is none. */
    uint16_t peer_port; /* The client's port. A number. Default: 0, it is not known. */
} pinion_test_http_options;

/* Send a request to the endpoint: pinion_test_http(test, "GET", "/rooms/1?page=2", NULL, &answer). Whatever
 * is mounted there answers it, as over the network: routes, pages, files, health pages, the transports of
 * sockets. It goes over a connection of its own, which the client ends when it has the answer. An answer that
 * comes later is waited for by the expectations.
 *
 * Ownership: the answer is freed with the test. Options are copied; NULL means all defaults.
 *
 * Errors: PINION_EINVAL: the peer is not an address, or there are two bodies; PINION_ENOMEM: out of
 * memory. */
PINION_API PINION_CHECKED int pinion_test_http_sized(pinion_test *test, const char *method,
                                                     const char *target,
                                                     const pinion_test_http_options *options,
                                                     pinion_test_answer **out, size_t size);
static inline PINION_CHECKED int pinion_test_http(pinion_test *test, const char *method, const char *target,
                                                  const pinion_test_http_options *options,
                                                  pinion_test_answer **out)
{
    return pinion_test_http_sized(test, method, target, options, out, sizeof(pinion_test_http_options));
}

/* The client goes away, as by a reset, without waiting for the answer. After the answer this has no effect,
 * unless the connection has become a WebSocket (101). */
PINION_API void pinion_test_give_up(pinion_test_answer *answer);

/* Expect that the request was answered with this status. Waits for the whole answer.
 *
 * Errors: PINION_EPROTO: it was answered with another status; PINION_ECLOSED: the connection ended before the
 * answer; PINION_ETIMEDOUT: no answer came; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_test_expect_status(pinion_test_answer *answer, int status);

/* Expect that the answer has a header of this name, with this value (NULL: any). The case of the name does
 * not matter.
 *
 * Errors: PINION_EPROTO: it has not; those of pinion_test_expect_status. */
PINION_API PINION_CHECKED int pinion_test_expect_header(pinion_test_answer *answer, const char *name,
                                                        const char *value);

/* Expect that the body of the answer is this text.
 *
 * Errors: PINION_EPROTO: it is another one; those of pinion_test_expect_status. */
PINION_API PINION_CHECKED int pinion_test_expect_body(pinion_test_answer *answer, const char *text);

/* Expect that the body of the answer is JSON that matches this pattern. pinion_test_value then has it.
 *
 * Errors: PINION_EPROTO: it is not; PINION_EINVAL: the pattern is not JSON; those of
 * pinion_test_expect_status. */
PINION_API PINION_CHECKED int pinion_test_expect_json(pinion_test_answer *answer, const char *pattern);

/* Expect that the request has not been answered. Does not wait.
 *
 * Errors: PINION_EBUSY: it has. */
PINION_API PINION_CHECKED int pinion_test_refute_answer(pinion_test_answer *answer);

/* The status of the answer; 0 while there is none. */
PINION_API int pinion_test_answer_status(const pinion_test_answer *answer);

/* The value of the first header of this name in the answer. The case of the name does not matter. NULL when
 * there is none.
 *
 * Lifetime: until the next call for this test. */
PINION_API const char *pinion_test_answer_header(const pinion_test_answer *answer, const char *name);

/* Call fn for each header of the answer whose name begins with prefix; the case does not matter. "" stands
 * for all.
 *
 * Order: the order of the answer. */
PINION_API void pinion_test_answer_headers(const pinion_test_answer *answer, const char *prefix,
                                           pinion_header_fn *fn, void *data);

/* The value of a cookie that the answer sets, without its attributes. NULL when it does not set it.
 *
 * Lifetime: until the next call for this answer. */
PINION_API const char *pinion_test_answer_cookie(pinion_test_answer *answer, const char *name);

/* The body of the answer, with a terminator behind it. NULL while not all of it has come. length may be NULL.
 *
 * Lifetime: until the next call for this test. */
PINION_API const char *pinion_test_answer_body(const pinion_test_answer *answer, size_t *length);

/* ---- frames ---- */

/* Send a text or binary frame, as it would come over the wire. */
PINION_API void pinion_test_send_frame(pinion_test_client *client, bool binary, const void *bytes,
                                       size_t length);

/* Take the next frame that the client was sent.
 *
 * Lifetime: until the next call for this client.
 *
 * Errors: PINION_ETIMEDOUT: none came; PINION_ECLOSED: none came, and the socket is closed. */
PINION_API PINION_CHECKED int pinion_test_next_frame(pinion_test_client *client, bool *binary,
                                                     const char **bytes, size_t *length);

/* How many frames wait to be taken. Does not wait. */
PINION_API size_t pinion_test_frames(const pinion_test_client *client);

/* The code the socket was closed with, 0 while it is open. */
PINION_API int pinion_test_close_code(const pinion_test_client *client);

#ifdef __cplusplus
}
#endif
#endif
