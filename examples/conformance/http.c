/* Routes for black-box tests of HTTP. */
#include "conformance.h"
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what is sent back ---- */

static void echo(pinion_request *request, void *context)
{
    pinion_slice type = pinion_request_header(request, "content-type"), body = pinion_request_body(request);
    char text[200];
    snprintf(text, sizeof text, "%.*s", (int)type.len, type.ptr ? type.ptr : "");
    pinion_request_answer(request, 200, type.ptr ? PINION_HEADERS({ "content-type", text }) : NULL, body.ptr,
                          body.len);
}

static void params(pinion_request *request, void *context)
{
    json_t *query = pinion_payload_tree(pinion_request_params(request));
    if (!query) {
        pinion_request_answer_text(request, 400, "the query is malformed");
        return;
    }
    pinion_request_answer_json(request, 200,
                               pinion_json("{s:s, s:s, s:O}", "a", pinion_request_path_param(request, "a"),
                                           "*", pinion_request_path_param(request, "*"), "query", query));
}

/* Values of the same name become one, as HTTP has it. */
static void add_header(pinion_slice name, pinion_slice value, void *all)
{
    char key[256];
    size_t len = name.len < sizeof key ? name.len : sizeof key - 1;
    for (size_t i = 0; i < len; i++)
        key[i] = (char)tolower((unsigned char)name.ptr[i]);
    key[len] = '\0';
    json_t *before = json_object_get(all, key);
    json_object_set_new(all, key,
                        before
                            ? json_sprintf("%s, %.*s", json_string_value(before), (int)value.len, value.ptr)
                            : json_stringn(value.ptr, value.len));
}

static void headers(pinion_request *request, void *context)
{
    json_t *all = json_object();
    pinion_request_headers(request, "", add_header, all);
    pinion_request_answer_json(request, 200, pinion_payload_json(all));
}

static void status(pinion_request *request, void *context)
{
    long code = strtol(pinion_request_path_param(request, "code"), NULL, 10);
    if (code < 200 || code > 599)
        pinion_request_answer_text(request, 400, "the status is not between 200 and 599");
    else
        pinion_request_answer_text(request, (int)code, "status");
}

/* JSON, and nothing else. */
static void json(pinion_request *request, void *context)
{
    pinion_payload *body = NULL;
    if (pinion_request_json(request, &body) != 0)
        pinion_request_answer_text(request, 400, "the body is not JSON");
    else
        pinion_request_answer_json(request, 200, body);
}

/* What the cookie `seen` was, and a new one. */
static void cookies(pinion_request *request, void *context)
{
    char text[24];
    pinion_slice seen = pinion_request_cookie(request, "seen");
    snprintf(text, sizeof text, "%.*s", (int)seen.len, seen.ptr ? seen.ptr : "");
    long times = strtol(text, NULL, 10);
    snprintf(text, sizeof text, "%ld", times + 1);
    pinion_request_put_cookie(request, "seen", text, &(pinion_cookie_options){ .max_age = 60 });
    pinion_request_answer_json(request, 200, pinion_json("{s:I}", "seen", (json_int_t)times));
}

/* The query is where to. */
static void redirect(pinion_request *request, void *context)
{
    long code = strtol(pinion_request_path_param(request, "code"), NULL, 10);
    pinion_request_redirect(request, (int)code, pinion_request_query(request));
}

/* ---- answers that come later ---- */

static void *answer_after_50_ms(void *ref)
{
    nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    pinion_request_ref_answer(ref, 200, PINION_HEADERS({ "content-type", "text/plain" }), "later", 5);
    pinion_request_ref_free(ref);
    return NULL;
}

static void later(pinion_request *request, void *context)
{
    pthread_t thread;
    pthread_attr_t detached;
    pinion_request_ref *ref = pinion_request_ref_new(request);
    if (!ref)
        return;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, answer_after_50_ms, ref) != 0)
        pinion_request_ref_free(ref);
    pthread_attr_destroy(&detached);
}

static void compute(void *text)
{
    memcpy(text, "worked", sizeof "worked");
}

static void computed(pinion_request *request, int rc, void *text)
{
    if (rc == 0)
        pinion_request_answer_text(request, 200, text);
    free(text);
}

static void work(pinion_request *request, void *context)
{
    char *text = malloc(sizeof "worked");
    if (text && pinion_request_work(request, compute, computed, text) != 0)
        free(text);
}

/* ---- sockets ---- */

static void disconnect(pinion_request *request, void *context)
{
    char topic[256];
    snprintf(topic, sizeof topic, "user_sockets:%s", pinion_request_path_param(request, "id"));
    pinion_endpoint_broadcast(pinion_request_endpoint(request), topic, "disconnect", NULL);
    pinion_request_answer(request, 204, NULL, NULL, 0);
}

static int mount_all(pinion_endpoint *endpoint)
{
    static const struct {
        const char *method;
        const char *path;
        pinion_http_fn *fn;
    } routes[] = {
        { "POST", "/api/echo", echo },
        { "GET", "/api/params/:a/*", params },
        { "GET", "/api/headers", headers },
        { "GET", "/api/status/:code", status },
        { "GET", "/api/cookies", cookies },
        { "GET", "/api/redirect/:code", redirect },
        { "GET", "/api/later", later },
        { "GET", "/api/work", work },
        { "DELETE", "/api/sockets/:id", disconnect },
    };
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof routes / sizeof *routes; i++)
        rc = pinion_endpoint_http(endpoint, routes[i].method, routes[i].path, routes[i].fn, NULL);
    return rc;
}

int conformance_http(pinion_endpoint *endpoint)
{
    const pinion_http_options for_json = { .accepts = "application/json",
                                           .max_body = 1000,
                                           .cors_origins = PINION_LIST("https://shop.example.com"),
                                           .cors_credentials = true };
    int rc = mount_all(endpoint);
    return rc ? rc : pinion_endpoint_http(endpoint, "POST", "/api/json", json, &for_json);
}
