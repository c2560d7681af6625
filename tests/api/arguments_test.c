/* Every public function, with arguments that cannot be (arguments.inc): no build crashes; what is refused has
 * a sentence that names what was wrong; builds with checks end with the name of the public function. */
#include "base/frame.h"
#include "base/log.h"
#include "engine/hub.h"
#include "http/call.h"
#include "http/page.h"
#include "proto/http1.h"
#include "proto/payload.h"
#include <dirent.h>
#include <limits.h>
#include <pinion/pinion.h>
#include <pinion/stream.h>
#include <pinion/testing.h>
#include <pinion/transport.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/death.h"

#define TOPIC "room:1"

/* ---- what the rows are about ---- */

static int world; /* something to point at */
static pinion_test *test;
static pinion_test_client *client, *other;
static pinion_test_answer *come, *with_json;
static pinion_channel *channel;
static pinion_socket *socket, *raw, *made;
static pinion_ref *ref, *socket_ref, *stale_ref;
static pinion_endpoint *endpoint, *stopped;
static pinion_presence *presence, *unused;
static pinion_cluster *cluster;
static pinion_pubsub_adapter *adapter;
static pinion_subscription *subscription;
static pinion_payload *payload, *data, lent;
static pinion_frame *frame;
static pinion_response *response;
static pinion_request *request;
static pinion_request_ref *request_ref;
static pinion_actor *actor;
static pinion_actor_ref *actor_ref, *stale_actor_ref, *new_actor_ref;
static pinion_call *call;
static pinion_payload *made_payload;
static pinion_stats stats;
static pinion_counter *counter;
static pinion_gauge *gauge;
static pinion_log_level level;
static pinion_log_format log_format;
static pinion_transport_limits limits;
static char *token, text[PINION_PEER_TEXT];
static const char *bad, *bytes;
static size_t length;
static uint16_t port;
static bool binary;
static pinion_connect_info info;

static pinion_result join(pinion_channel *joined, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, TOPIC) == 0)
        channel = joined;
    return pinion_ok(NULL);
}

static pinion_result echo(pinion_channel *at, const char *event, const pinion_payload *what)
{
    return pinion_ok(NULL);
}

static pinion_result handle_info(pinion_channel *at, const pinion_info *what)
{
    return pinion_noreply();
}

static pinion_result keep_raw(pinion_socket *opened)
{
    raw = opened;
    return pinion_noreply();
}

static const pinion_channel_def channel_def = { .join = join,
                                                .handle_in = PINION_CLAUSES({ "echo", echo }),
                                                .handle_info = handle_info };
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };
static const pinion_raw_socket_def raw_def = { .init = keep_raw };

static const pinion_channel_def nothing_in = { .handle_in = PINION_CLAUSES({ "event", NULL }) };
static const pinion_channel_def nothing_out = { .handle_out = PINION_CLAUSES({ "event", NULL }) };
static const pinion_socket_def no_function_in = { .channels = PINION_ROUTES({ "a", &nothing_in }) };
static const pinion_socket_def no_function_out = { .channels = PINION_ROUTES({ "a", &nothing_out }) };
static const pinion_socket_def no_channel = { .channels = PINION_ROUTES({ "a", NULL }) };
static const pinion_serializer nothing = { .name = "nothing" };
static const pinion_socket_options no_serializer = { .serializers = PINION_SERIALIZERS({ "3.0", NULL }) };
static const pinion_socket_options empty_serializer = { .serializers =
                                                            PINION_SERIALIZERS({ "3.0", &nothing }) };
static const pinion_pubsub_ops no_ops;
static pinion_pubsub_adapter no_adapter = { .ops = &no_ops };
static const pinion_transport transport = { .name = "nothing" };
static char *arguments[] = { "program", NULL };

static void received(pinion_stream *stream, void *what, size_t len)
{
}

static void closed(pinion_stream *stream, int error)
{
}

static const pinion_stream_def stream_def = { .received = received, .closed = closed };

static void work(void *at)
{
}

static pinion_result done(pinion_channel *at, int status, void *what)
{
    return pinion_noreply();
}

static pinion_result socket_done(pinion_socket *at, int status, void *what)
{
    return pinion_noreply();
}

static void endpoint_done(pinion_endpoint *at, void *what)
{
}

static void timer_fn(pinion_endpoint *at, int status, void *what)
{
}

static void destroy(void *at)
{
}

static void header(pinion_slice name, pinion_slice value, void *at)
{
}

static void page(const pinion_request *asked, pinion_response *answer, void *at)
{
}

static void handler(pinion_request *asked, void *at)
{
}

static void request_done(pinion_request *asked, int status, void *at)
{
}

static void heard(const char *topic, const char *event, const pinion_payload *what, void *at)
{
}

static pinion_result actor_init(pinion_actor *at, void *argument)
{
    if (!actor)
        actor = at;
    return pinion_ok(NULL);
}

static pinion_result actor_call(pinion_actor *at, pinion_call *of, const char *name,
                                const pinion_payload *what)
{
    if (!call)
        call = pinion_call_ref(of);
    return pinion_later();
}

static pinion_result actor_done(pinion_actor *at, int status, void *what)
{
    return pinion_noreply();
}

static void called(int status, const pinion_result *answer, void *at)
{
}

static const pinion_actor_def actor_def = { .init = actor_init, .handle_call = actor_call };
static const pinion_call_options call_options = { .done = called, .timeout_ms = 60000 };

static int opened_and_freed(const char *name, void (*destroy_it)(void *))
{
    pinion_actor_ref *fresh = NULL;
    int rc = pinion_actor_open(pinion_test_endpoint(test), name, &actor_def, &world, destroy_it, &fresh);
    pinion_actor_ref_free(fresh);
    return rc;
}

static pinion_payload *some(void)
{
    return pinion_payload_ref(payload);
}

static int new_endpoint(const pinion_endpoint_options *options)
{
    pinion_endpoint *fresh = NULL;
    int rc = pinion_endpoint_new(&fresh, options);
    pinion_endpoint_free(fresh);
    return rc;
}

static int new_cluster(void)
{
    pinion_cluster *fresh = NULL;
    int rc = pinion_cluster_new(&fresh, NULL);
    pinion_cluster_free(fresh);
    return rc;
}

static void *make_and_free_test(void *given)
{
    pinion_test *own = NULL;
    int rc = pinion_test_new(&own, given);
    pinion_test_free(own);
    return (void *)(intptr_t)rc;
}

/* On a thread of its own: this one has a test. */
static int make_test(pinion_test_options *given)
{
    pthread_t thread;
    void *rc;
    assert_int_equal(pthread_create(&thread, NULL, make_and_free_test, given), 0);
    assert_int_equal(pthread_join(thread, &rc), 0);
    return (int)(intptr_t)rc;
}

static int new_adapter(const char *node)
{
    pinion_pubsub_adapter *fresh = NULL;
    int rc = pinion_cluster_adapter_new(&fresh, cluster, node);
    if (fresh)
        fresh->ops->free(fresh);
    return rc;
}

static int subscribe_and_free(pinion_endpoint *to, const char *topic)
{
    pinion_subscription *fresh = NULL;
    int rc = pinion_endpoint_subscribe(to, topic, heard, NULL, &fresh);
    pinion_subscription_free(fresh, NULL);
    return rc;
}

static int signed_and_freed(int rc)
{
    if (!rc)
        free(token);
    return rc;
}

/* A client that may be closed for what it sends. */
static pinion_test_client *doomed(void)
{
    pinion_test_client *fresh = NULL;
    assert_int_equal(pinion_test_connect(test, &socket_def, NULL, "", &fresh), 0);
    return fresh;
}

static int pushed(void)
{
    return pinion_test_push(client, TOPIC, "echo", NULL);
}

static void said(void)
{
    assert_int_equal(pinion_push(channel, "event", NULL), 0);
}

static void broadcast(void)
{
    assert_int_equal(pinion_broadcast(channel, "event", NULL), 0);
    pinion_test_run(test);
}

/* ---- the rows ---- */

#ifdef PINION_HAVE_SODIUM
#define ENCRYPTED_OR(code) (code)
#else
#define ENCRYPTED_OR(code) PINION_ENOTSUP
#endif

#define NO_CODE 1 /* of a function that gives none */

enum kind { MISUSED, REFUSES, ALLOWS, TAKES_TEXT, IS_ELSEWHERE, TAKES_ANY, IS_LOOKED_AT_ELSEWHERE };

struct row {
    enum kind kind;
    const char *function;
    const char *argument;
    int code;
    int (*call)(void);
    const char *text; /* of the call */
};

#define NAME_(line) row_##line
#define NAME(line)  NAME_(line)
#define CALL(...)                                                                                            \
    static int NAME(__LINE__)(void)                                                                          \
    {                                                                                                        \
        int rc = NO_CODE;                                                                                    \
        __VA_ARGS__;                                                                                         \
        return rc;                                                                                           \
    }

#define MISUSE(function, argument, ...)        CALL(__VA_ARGS__)
#define REFUSED(function, argument, code, ...) CALL(__VA_ARGS__)
#define ALLOWED(function, argument, ...)       CALL(__VA_ARGS__)
#define TEXT(function, argument, ...)          CALL(__VA_ARGS__)
#define ELSEWHERE(function, ...)               CALL(__VA_ARGS__)
#define ANY(function, argument, ...)           CALL(__VA_ARGS__)
#define NEEDS_PEER(function, argument)
#include "api/arguments.inc"
#undef MISUSE
#undef REFUSED
#undef ALLOWED
#undef TEXT
#undef ELSEWHERE
#undef ANY
#undef NEEDS_PEER

#define ROW(kind, function, argument, code, ...)                                                             \
    { kind, #function, #argument, code, NAME(__LINE__), #__VA_ARGS__ },
#define MISUSE(function, argument, ...)        ROW(MISUSED, function, argument, PINION_EINVAL, __VA_ARGS__)
#define REFUSED(function, argument, code, ...) ROW(REFUSES, function, argument, code, __VA_ARGS__)
#define ALLOWED(function, argument, ...)       ROW(ALLOWS, function, argument, 0, __VA_ARGS__)
#define TEXT(function, argument, ...)          ROW(TAKES_TEXT, function, argument, 0, __VA_ARGS__)
#define ELSEWHERE(function, ...)               ROW(IS_ELSEWHERE, function, thread, PINION_EINVAL, __VA_ARGS__)
#define ANY(function, argument, ...)           ROW(TAKES_ANY, function, argument, 0, __VA_ARGS__)
#define NEEDS_PEER(function, argument)         { IS_LOOKED_AT_ELSEWHERE, #function, #argument, 0, NULL, "" },

static const struct row rows[] = {
#include "api/arguments.inc"
};

#define ROWS (sizeof rows / sizeof *rows)

/* ---- what becomes of a row ---- */

#define OLD_SENTENCE "of a call before"

static void forget(void)
{
    (void)pinion__fail(PINION_EIO, OLD_SENTENCE);
}

/* The sentence is of this call. */
static void expect_sentence(const struct row *row, int rc)
{
    const char *sentence = pinion_error_detail();
    if (rc < 0 && (!*sentence || strcmp(sentence, OLD_SENTENCE) == 0))
        fail_msg("%s: it failed (%s), and does not say of what", row->text, pinion_errname(rc));
}

static void expect_names(const struct row *row, const char *sentence, const char *name)
{
    if (!strstr(sentence, name))
        fail_msg("%s: \"%s\" does not name %s", row->text, sentence, name);
}

static void *call_row(void *at)
{
    const struct row *row = at;
    return (void *)(intptr_t)row->call();
}

static int call_elsewhere(const struct row *row)
{
    pthread_t thread;
    void *rc;
    assert_int_equal(pthread_create(&thread, NULL, call_row, (void *)row), 0);
    assert_int_equal(pthread_join(thread, &rc), 0);
    return (int)(intptr_t)rc;
}

static void run_row(const struct row *row)
{
    forget();
    int rc = row->call();
    expect_sentence(row, rc);
    if (row->kind == ALLOWS && rc < 0)
        fail_msg("%s: %s (%s)", row->text, pinion_errname(rc), pinion_error_detail());
    if (row->kind == REFUSES) {
        if (rc != row->code)
            fail_msg("%s: %s, expected was %s", row->text, pinion_errname(rc), pinion_errname(row->code));
        expect_names(row, pinion_error_detail(), row->argument);
    }
    pinion_test_run(test);
}

static void run_with_texts(const struct row *row)
{
    static char long_text[300], longer_text[70000];
    static const char *const texts[] = { "", "\xff\xfe", "\n", long_text, longer_text };
    memset(long_text, 'a', sizeof long_text - 1);
    memset(longer_text, '/', sizeof longer_text - 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bad = texts[i];
        run_row(row);
    }
    bad = NULL;
}

/* ---- misuse ---- */

#ifdef PINION_CHECKS

/* Runs in a process of its own. */
static void misuse(const void *at)
{
    const struct row *row = at;
    if (row->kind == IS_ELSEWHERE)
        (void)call_elsewhere(row);
    else
        (void)row->call();
}

static void expect_misuse(const struct row *row)
{
    char said_last[400];
    if (!aborts_saying(misuse, row, said_last, sizeof said_last))
        fail_msg("%s: the program goes on, with \"%s\"", row->text, said_last);
    expect_names(row, said_last, row->function);
    expect_names(row, said_last, row->argument);
}

#else

static bool gives_code(const struct row *row)
{
    return strncmp(row->text, "rc = ", 5) == 0;
}

static void expect_misuse(const struct row *row)
{
    unsigned refs = atomic_load(&payload->refs), frame_refs = frame->refs;
    if (row->kind == IS_ELSEWHERE && !gives_code(row))
        return; /* only builds with checks look */
    forget();
    int rc = row->kind == IS_ELSEWHERE ? call_elsewhere(row) : row->call();
    if (rc != row->code && rc != NO_CODE)
        fail_msg("%s: %s, expected was %s", row->text, pinion_errname(rc), pinion_errname(row->code));
    if (row->kind == MISUSED) {
        expect_names(row, pinion_error_detail(), row->function);
        expect_names(row, pinion_error_detail(), row->argument);
    }
    if (atomic_load(&payload->refs) != refs || frame->refs != frame_refs)
        fail_msg("%s: it does not consume what it was given", row->text);
}

#endif

/* This comes first: it forks, and calls that are allowed may begin a thread. */
static void misuse_is_told_of(void **state)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        if (row->kind == MISUSED || row->kind == IS_ELSEWHERE)
            expect_misuse(row);
    }
}

static void arguments_that_cannot_be_are_refused(void **state)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        switch (row->kind) {
        case TAKES_TEXT:
            run_with_texts(row);
            break;
        case REFUSES:
        case ALLOWS:
        case TAKES_ANY:
            run_row(row);
            break;
        case MISUSED:
        case IS_ELSEWHERE:
        case IS_LOOKED_AT_ELSEWHERE:
            break;
        }
    }
}

/* ---- the rows are those of the headers ---- */

static char *read_header(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", HEADERS_DIRECTORY, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *all = calloc(1, 1 << 20);
    assert_non_null(all);
    assert_in_range(fread(all, 1, (1 << 20) - 1, file), 1, (1 << 20) - 2);
    fclose(file);
    return all;
}

/* Comments become spaces. */
static void drop_comments(char *all)
{
    char *from = all;
    while ((from = strstr(from, "/*"))) {
        char *to = strstr(from, "*/");
        assert_non_null(to);
        memset(from, ' ', (size_t)(to + 2 - from));
    }
}

static bool is_name_char(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool has_row(const char *function, const char *argument)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        if (strcmp(row->function, function) == 0 && (!argument || strcmp(row->argument, argument) == 0))
            return true;
    }
    return false;
}

/* The name in a parameter: of `void (*destroy)(void *data)` the one in parentheses, otherwise the last one.
 */
static void parameter_name(const char *parameter, char out[64])
{
    const char *end = strstr(parameter, "(*") ? strchr(parameter, ')') : strchr(parameter, '[');
    if (!end)
        end = parameter + strlen(parameter);
    while (end > parameter && !is_name_char(end[-1]))
        end--;
    const char *begin = end;
    while (begin > parameter && is_name_char(begin[-1]))
        begin--;
    snprintf(out, 64, "%.*s", (int)(end - begin), begin);
}

/* Pointers of the caller's own, which no function looks at. */
static bool is_callers(const char *name)
{
    return strcmp(name, "data") == 0 || strcmp(name, "state") == 0 || strcmp(name, "user") == 0 ||
           strcmp(name, "sizes") == 0;
}

static void check_parameter(const char *function, const char *parameter, unsigned *missing)
{
    char name[64];
    bool is_pointer = strchr(parameter, '*') || strchr(parameter, '[');
    parameter_name(parameter, name);
    bool opaque = is_callers(name) && (strncmp(parameter + strspn(parameter, " \n"), "void *", 6) == 0 ||
                                       strcmp(name, "sizes") == 0);
    if (!is_pointer || opaque || has_row(function, name))
        return;
    print_error("arguments.inc has no row for %s, %s\n", function, name);
    ++*missing;
}

/* `declaration` begins behind PINION_API, and ends before the semicolon. Gives whether it is a function. */
static bool check_declaration(char *declaration, unsigned *missing)
{
    char *open = strchr(declaration, '('), function[64];
    if (!open)
        return false;
    char saved = *open;
    *open = '\0';
    parameter_name(declaration, function);
    *open = saved;
    char *sized = strstr(function, "_sized"); /* what a macro of the name before it calls */
    if (sized)
        *sized = '\0';
    if (!has_row(function, NULL)) {
        print_error("arguments.inc has no row for %s\n", function);
        ++*missing;
    }
    int depth = 0;
    char *begin = open + 1;
    for (char *at = begin; *at; at++) {
        bool last = *at == ')' && depth == 0;
        if (last || (*at == ',' && depth == 0)) {
            *at = '\0';
            check_parameter(function, begin, missing);
            begin = at + 1;
            if (last)
                break;
        }
        depth += (*at == '(') - (*at == ')');
    }
    return true;
}

static unsigned check_header(const char *name, unsigned *missing)
{
    unsigned functions = 0;
    char *all = read_header(name), *at = all;
    drop_comments(all);
    while ((at = strstr(at, "\nPINION_API "))) {
        char *end = strchr(at, ';');
        assert_non_null(end);
        *end = '\0';
        functions += check_declaration(at + strlen("\nPINION_API "), missing);
        at = end + 1;
    }
    free(all);
    return functions;
}

static void no_function_is_forgotten(void **state)
{
    unsigned functions = 0, missing = 0;
    DIR *directory = opendir(HEADERS_DIRECTORY);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strstr(entry->d_name, ".h"))
            functions += check_header(entry->d_name, &missing);
    }
    closedir(directory);
    assert_in_range(functions, 120, 1000);
    assert_int_equal(missing, 0);
}

/* ---- what there is ---- */

static const char secret[] = "a secret of sixty-four bytes, as long as an endpoint wants it to be, or more";

static int make_endpoints(void)
{
    const pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1, .secret_key_base = secret };
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &socket_def, NULL);
    if (!rc)
        rc = pinion_presence_new(&presence, endpoint, NULL);
    if (!rc)
        rc = pinion_endpoint_new(&stopped, &options);
    if (!rc)
        rc = pinion_endpoint_start(stopped);
    if (!rc)
        pinion_endpoint_stop(stopped);
    return rc;
}

static void say_json(pinion_request *asked, void *context)
{
    pinion_request_answer_json(asked, 200, NULL);
}

static int make_clients(void)
{
    pinion_test_client *raw_client;
    int rc = pinion_test_new(&test, NULL);
    if (!rc)
        rc = pinion_test_connect(test, &socket_def, NULL, "", &client);
    if (!rc)
        rc = pinion_test_join(client, "room:gone", NULL);
    if (!rc)
        rc = pinion_test_join(client, TOPIC, NULL);
    if (!rc)
        rc = pinion_test_subscribe(test, TOPIC);
    if (!rc)
        rc = pinion_test_connect_raw(test, &raw_def, NULL, "", &raw_client);
    if (!rc)
        rc = pinion_test_http(test, "GET", "/healthz", NULL, &come);
    if (!rc)
        rc = pinion_endpoint_http(pinion_test_endpoint(test), "GET", "/json", say_json, NULL);
    if (!rc)
        rc = pinion_test_http(test, "GET", "/json", NULL, &with_json);
    if (rc)
        return rc;
    socket = pinion_channel_socket(channel);
    ref = pinion_ref_new(channel);
    socket_ref = pinion_ref_new_socket(socket);
    return ref && socket_ref ? 0 : PINION_ENOMEM;
}

static int open_actor(pinion_actor_ref **out)
{
    return pinion_actor_open(pinion_test_endpoint(test), "actor", &actor_def, NULL, NULL, out);
}

/* An actor that runs, and has been called. */
static int make_actor(void)
{
    actor = NULL;
    int rc = open_actor(&actor_ref);
    if (!rc)
        rc = pinion_actor_call(actor_ref, "name", NULL, &call_options);
    pinion_test_run(test);
    return rc ? rc : actor && call ? 0 : PINION_ENOMEM;
}

/* Refs whose endpoint is no more. */
static int make_stale_ref(void)
{
    int rc = pinion_test_new(&test, NULL);
    if (!rc)
        rc = pinion_test_connect(test, &socket_def, NULL, "", &client);
    if (!rc)
        rc = pinion_test_join(client, TOPIC, NULL);
    if (!rc)
        rc = open_actor(&stale_actor_ref);
    if (rc)
        return rc;
    stale_ref = pinion_ref_new(channel);
    pinion_test_free(test);
    return stale_ref ? 0 : PINION_ENOMEM;
}

/* Its ref is made while the client is there. */
static int make_request_ref(void)
{
    request->http = (struct pinion_http *)&world; /* nobody looks at it */
    request_ref = pinion_request_ref_new(request);
    request->http = NULL;
    return request_ref ? 0 : PINION_ENOMEM;
}

/* A request whose client has gone. */
static int make_request(void)
{
    static struct pinion_http_request head;
    struct pinion_http_route *route = NULL;
    int rc = pinion__http_route_new(&route, PINION_METHOD_GET, "/");
    request = rc ? NULL : calloc(1, sizeof *request);
    if (!request)
        return PINION_ENOMEM;
    request->scheduler = pinion__hub_of(pinion_test_endpoint(test))->shards[0]->scheduler;
    request->head = &head;
    request->route = route;
    request->path = request->query = request->parameters = "";
    pinion__http_headers_init(&request->headers);
    request->kept = calloc(1, 1); /* so that nothing is copied */
    rc = request->kept ? make_request_ref() : PINION_ENOMEM;
    if (request->ref)
        request->end_ref(request);
    return rc;
}

static int set_up(void **state)
{
    static struct pinion_response answer;
    pinion_log_set_level(PINION_LOG_NONE);
    pinion__response_init(&answer);
    response = &answer;
    payload = pinion_json("{s:i}", "a", 1);
    frame = pinion_frame_new(false, "abcd", 4);
    int rc = frame ? pinion_cluster_new(&cluster, NULL) : PINION_ENOMEM;
    if (!rc)
        rc = make_endpoints();
    if (!rc)
        rc = make_stale_ref();
    if (!rc)
        rc = make_clients();
    if (!rc)
        rc = make_actor();
    return rc ? rc : make_request();
}

static int tear_down(void **state)
{
    pinion_ref_free(ref);
    pinion_ref_free(socket_ref);
    pinion_ref_free(stale_ref);
    pinion_actor_ref_free(actor_ref);
    pinion_actor_ref_free(stale_actor_ref);
    pinion_call_unref(call);
    pinion_frame_unref(frame);
    pinion__response_release(response);
    pinion_request_ref_free(request_ref);
    free(request->kept);
    pinion__http_route_free((struct pinion_http_route *)request->route);
    free(request);
    pinion_cluster_free(cluster);
    pinion_test_free(test);
    pinion_endpoint_free(endpoint);
    pinion_endpoint_free(stopped);
    pinion_payload_unref(payload);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_function_is_forgotten),
        cmocka_unit_test(misuse_is_told_of),
        cmocka_unit_test(arguments_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
