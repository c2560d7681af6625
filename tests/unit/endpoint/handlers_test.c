/* What answers a path at which several things are mounted: sockets, routes, health pages and files. */
#include "helpers/routes.h"
#include <sys/stat.h>

static char directory[] = "/tmp/pinion-handlers-XXXXXX";

static void say_route(pinion_request *request, void *name)
{
    pinion_request_answer_text(request, 200, name);
}

static void route(const char *method, const char *path, char *name)
{
    ok(pinion_endpoint_http(endpoint, method, path, say_route, &(pinion_http_options){ .context = name }));
}

static void write_file(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("file", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void serve(bool everything)
{
    static const pinion_socket_def anybody = { .connect = NULL };
    routes_new(NULL);
    ok(pinion_endpoint_static(endpoint, "/", directory));
    ok(pinion_endpoint_socket(endpoint, "/socket", &anybody, NULL));
    route("GET", "/literal", "literal");
    route("DELETE", "/file.txt", "delete");
    route("POST", "/form", "form");
    if (everything) {
        route("GET", "/*", "all");
        route("GET", "/socket/:transport", "parameter");
    }
    routes_start();
}

static void files_are_looked_for_last(void **state)
{
    serve(false);
    ask("GET /literal", "", 200, "literal");
    ask("GET /file.txt", "", 200, "file");
    ask("GET /index.txt", "", 404, NULL);
    ask("POST /index.txt", "", 405, NULL);
    assert_true(heard_header("allow: GET, HEAD, OPTIONS"));
    ask("OPTIONS /index.txt", "", 204, "");
    assert_true(heard_header("allow: GET, HEAD, OPTIONS"));
    ask("OPTIONS *", "", 204, "");
    assert_true(heard_header("allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
}

static void a_path_with_routes_of_other_methods(void **state)
{
    serve(false);
    ask("DELETE /file.txt", "", 200, "delete");
    ask("GET /file.txt", "", 200, "file");
    ask("PUT /file.txt", "", 405, NULL);
    assert_true(heard_header("allow: DELETE, OPTIONS"));
    ask("GET /form", "", 405, NULL); /* there is no such file */
    assert_true(heard_header("allow: POST, OPTIONS"));
}

static void health_is_as_plain_as_a_literal(void **state)
{
    serve(true);
    ask("GET /healthz", "", 200, "ok");
    ask("GET /readyz", "", 200, "ready");
    ask("GET /healthz/", "", 200, "all");
    ask("GET /file.txt", "", 200, "all"); /* routes come before files */
    (void)routes_stop(NULL);
    routes_new(NULL);
    route("GET", "/healthz", "own");
    routes_start();
    ask("GET /healthz", "", 200, "own");
    ask("GET /readyz", "", 200, "ready");
}

static void sockets_come_first(void **state)
{
    char head[500];
    serve(true);
    ask("GET /socket/other", "", 200, "parameter");
    say(asking, TCP_WEBSOCKET);
    assert_int_equal(tcp_head(asking, head, sizeof head), 101);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(files_are_looked_for_last),
        ROUTES(a_path_with_routes_of_other_methods),
        ROUTES(health_is_as_plain_as_a_literal),
        ROUTES(sockets_come_first),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    char path[200];
    if (!mkdtemp(directory))
        return 1;
    write_file("file.txt");
    int failures = io_for_each(run_all);
    snprintf(path, sizeof path, "%s/file.txt", directory);
    unlink(path);
    rmdir(directory);
    return failures;
}
