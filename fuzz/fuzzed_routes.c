#include "fuzzed_routes.h"
#include "elsewhere.h"
#include "scripted_work.h"
#include <string.h>

#define REFS_MAX 4
#define LONG     200000

static struct input *script;
static const char *directory;
static pinion_request_ref *refs[REFS_MAX];
static unsigned next_ref;
static size_t works_begun;
static size_t works_done;
static size_t bytes_seen; /* keeps what a request has from being optimised away */
static char long_text[LONG + 1];

/* ---- reading ---- */

static void see_header(pinion_slice name, pinion_slice value, void *data)
{
    for (size_t i = 0; i < name.len; i++)
        bytes_seen += (unsigned char)name.ptr[i];
    for (size_t i = 0; i < value.len; i++)
        bytes_seen += (unsigned char)value.ptr[i];
}

static void see_text(const char *text)
{
    bytes_seen += text ? strlen(text) : 0;
}

static void read_all(const pinion_request *request)
{
    pinion_request_headers(request, "", see_header, NULL);
    see_header(pinion_request_body(request), pinion_request_cookie(request, "a"), NULL);
    see_text(pinion_request_method(request));
    see_text(pinion_request_path_param(request, "id"));
    see_text(pinion_request_path_param(request, "*"));
    see_text(pinion_request_peer(request));
    see_text(pinion_request_scheme(request));
}

/* ---- answering ---- */

static void keep_ref(pinion_request_ref *ref)
{
    pinion_request_ref_free(refs[next_ref]);
    refs[next_ref] = ref;
    next_ref = (next_ref + 1) % REFS_MAX;
}

static void tell_room(pinion_request *request)
{
    pinion_payload *payload = NULL;
    int rc = pinion_request_json(request, &payload);
    if (rc == 0)
        (void)pinion_endpoint_broadcast(pinion_request_endpoint(request), "room:1", "said", payload);
    (void)pinion_request_answer(request, rc ? 400 : 202, NULL, NULL, 0);
}

/* Back comes what was sent, where it may. */
static void give_back(pinion_request *request)
{
    char value[200];
    pinion_slice cookie = pinion_request_cookie(request, "a");
    snprintf(value, sizeof value, "%.*s", (int)cookie.len, cookie.len ? cookie.ptr : "");
    (void)pinion_request_put_cookie(request, "b", value, &(pinion_cookie_options){ .max_age = -1 });
    pinion_slice header = pinion_request_header(request, "x-a");
    snprintf(value, sizeof value, "%.*s", (int)header.len, header.len ? header.ptr : "");
    (void)pinion_request_answer(request, 200, PINION_HEADERS({ "x-b", value }), "", 0);
}

static void answer(pinion_request *request);

static void work(void *data)
{
    REQUIRE(is_elsewhere());
}

static void done(pinion_request *request, int status, void *data)
{
    REQUIRE(status == 0 || status == PINION_ECLOSED);
    works_done++;
    if (!is_elsewhere()) /* else the loop has failed */
        answer(request);
}

static void begin_work(pinion_request *request)
{
    if (pinion_request_work(request, work, done, NULL) == 0)
        works_begun++;
}

static void answer(pinion_request *request)
{
    switch (input_pick(script, 13)) {
    case 0:
        (void)pinion_request_answer_text(request, 200, "a text");
        break;
    case 1:
        (void)pinion_request_answer_json(request, 200, pinion_json("{s:i}", "a", 1));
        break;
    case 2:
        (void)pinion_request_answer(request, 200 + input_pick(script, 120), NULL, long_text, 300);
        break;
    case 3:
        (void)pinion_request_redirect(
            request, 303,
            pinion_request_path_param(request, "*") ? pinion_request_path_param(request, "*") : "/");
        break;
    case 4:
        keep_ref(pinion_request_ref_new(request));
        break;
    case 5:
        begin_work(request);
        break;
    case 6:
        tell_room(request);
        break;
    case 7:
        give_back(request);
        break;
    case 8:
        (void)pinion_request_answer_text(request, 200, long_text);
        break;
    case 9: /* one thing more than it may */
        keep_ref(pinion_request_ref_new(request));
        begin_work(request);
        (void)pinion_request_answer_text(request, 200, "at once");
        break;
    case 10:
        begin_work(request);
        begin_work(request);
        break;
    case 11:; /* it answers nothing: 500 */
        break;
    default:
        if (pinion_request_answer_file(request, directory, "file", NULL) != 0)
            (void)pinion_request_answer_text(request, 404, "no file");
    }
}

static void route(pinion_request *request, void *context)
{
    read_all(request);
    answer(request);
}

/* ---- what is done later ---- */

struct use {
    pinion_request_ref *ref;
    unsigned how;
};

static void use(void *data)
{
    const struct use *use = data;
    switch (use->how) {
    case 0:
        (void)pinion_request_ref_answer(use->ref, 200, PINION_HEADERS({ "x-late", "1" }), "late", 4);
        break;
    case 1:
        (void)pinion_request_ref_answer_json(use->ref, 202, pinion_json("{s:i}", "a", 1));
        break;
    case 2:
        (void)pinion_request_ref_answer(use->ref, 200, NULL, long_text, LONG);
        break;
    default:
        pinion_request_ref_free(use->ref);
    }
}

void routes_use_ref(void)
{
    unsigned i = input_pick(script, REFS_MAX);
    unsigned how = input_byte(script);
    struct use this = { .ref = refs[i], .how = how % 4 };
    if (!this.ref)
        return;
    if (this.how == 3)
        refs[i] = NULL;
    if (how & 0x80)
        use(&this);
    else
        elsewhere(use, &this, sizeof this);
}

bool routes_work(void)
{
    return scripted_work_do(input_byte(script));
}

void routes_mount(pinion_endpoint *endpoint, struct input *input, const char *files)
{
    const pinion_http_options json = { .accepts = "application/json",
                                       .max_body = 1000,
                                       .cors_origins = PINION_LIST("https://example.com"),
                                       .cors_credentials = true };
    const pinion_http_options any = { .cors_origins = PINION_LIST("*") };
    script = input;
    directory = files;
    works_begun = works_done = 0;
    next_ref = 0;
    memset(long_text, 'y', LONG);
    ok(pinion_endpoint_http(endpoint, "POST", "/api/:id", route, &json));
    ok(pinion_endpoint_http(endpoint, "GET", "/api/:id", route, &any));
    ok(pinion_endpoint_http(endpoint, "PUT", "/api/:id/*", route, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/api/one", route, NULL));
    ok(pinion_endpoint_http(endpoint, "OPTIONS", "/api/one", route, NULL));
}

void routes_end(void)
{
    for (unsigned i = 0; i < REFS_MAX; i++)
        keep_ref(NULL);
    elsewhere_take_back();
    REQUIRE(scripted_work_waiting() == 0);
    REQUIRE(works_done == works_begun);
}
