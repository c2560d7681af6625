/* HTTP beside channels (docs/http.md): a login that issues a token, a webhook that becomes a broadcast, a
 * page of the admin's that disconnects a user, and files to be saved. Its client is 07_http.mjs.
 *
 * Tokens need a secret: export PINION_SECRET_KEY_BASE="$(openssl rand -base64 48)" */
#include "program.h"
#include <stdlib.h>
#include <string.h>

#define SALT      "user auth"
#define ADMIN_KEY "Bearer of-the-admin" /* a real program has it from its configuration */

/* ---- POST /login {"user": NAME, "password": …}: a token for the socket ---- */

/* A password is compared on another thread, because a good hash takes long. Here any password will do that is
 * the name backwards. */
struct login {
    char user[65], password[65];
    bool right;
};

static void check_password(void *data)
{
    struct login *login = data;
    size_t len = strlen(login->user);
    login->right = len > 0 && strlen(login->password) == len;
    for (size_t i = 0; login->right && i < len; i++)
        login->right = login->password[i] == login->user[len - 1 - i];
}

static void answer_login(pinion_request *request, int status, void *data)
{
    struct login *login = data;
    char *token = NULL;
    if (status == 0 && !login->right)
        pinion_request_answer_text(request, 403, "wrong name or password\n");
    else if (status == 0 && pinion_token_sign(pinion_request_endpoint(request), SALT,
                                              pinion_json("s", login->user), NULL, &token) == 0)
        pinion_request_answer_json(request, 200, pinion_json("{s:s}", "token", token));
    free(token);
    free(login);
}

static bool copy_member(const pinion_payload *payload, const char *name, char out[65])
{
    const char *text = json_string_value(pinion_payload_get(payload, name));
    return text && snprintf(out, 65, "%s", text) < 65;
}

static void log_in(pinion_request *request, void *context)
{
    pinion_payload *body = NULL;
    struct login *login = calloc(1, sizeof *login);
    if (!login)
        return; /* answered 500, and logged */
    if (pinion_request_json(request, &body) != 0 || !copy_member(body, "user", login->user) ||
        !copy_member(body, "password", login->password)) {
        pinion_request_answer_text(request, 400, "wanted: {\"user\": …, \"password\": …}\n");
        free(login);
    } else if (pinion_request_work(request, check_password, answer_login, login) != 0) {
        free(login);
    }
    pinion_payload_unref(body);
}

/* ---- POST /hooks/:room: what comes is told to the room ---- */

static void call_hook(pinion_request *request, void *context)
{
    char topic[200];
    pinion_payload *body = NULL;
    if (pinion_request_json(request, &body) != 0) {
        pinion_request_answer_text(request, 400, "the body is not JSON\n");
        return;
    }
    if (snprintf(topic, sizeof topic, "rooms:%s", pinion_request_path_param(request, "room")) >=
        (int)sizeof topic) {
        pinion_request_answer_text(request, 404, "no room has such a name\n"); /* cut, it may be another's */
        pinion_payload_unref(body);
        return;
    }
    pinion_endpoint_broadcast(pinion_request_endpoint(request), topic, "hook", body);
    pinion_request_answer(request, 202, NULL, NULL, 0);
}

/* ---- DELETE /admin/users/:user: log a user out everywhere ---- */

static void log_out(pinion_request *request, void *context)
{
    char id[200];
    pinion_slice key = pinion_request_header(request, "authorization");
    if (key.len != strlen(ADMIN_KEY) || memcmp(key.ptr, ADMIN_KEY, key.len) != 0) {
        pinion_request_answer(request, 401, PINION_HEADERS({ "www-authenticate", "Bearer" }), NULL, 0);
        return;
    }
    if (snprintf(id, sizeof id, "users:%s", pinion_request_path_param(request, "user")) >= (int)sizeof id) {
        pinion_request_answer_text(request, 404, "no user has such a name"); /* cut, it may be another's */
        return;
    }
    pinion_endpoint_broadcast(pinion_request_endpoint(request), id, "disconnect", NULL);
    pinion_request_answer(request, 204, NULL, NULL, 0);
}

/* ---- GET /downloads/...: files of the directory "downloads" ---- */

static void download(pinion_request *request, void *context)
{
    int rc = pinion_request_answer_file(request, "downloads", pinion_request_path_param(request, "*"),
                                        PINION_HEADERS({ "content-disposition", "attachment" }));
    if (rc == PINION_ENOENT)
        pinion_request_answer_text(request, 404, "there is no such file\n");
}

/* ---- the socket: who has a token may connect ---- */

static pinion_result user_connect(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    pinion_payload *user = NULL;
    if (pinion_token_verify(pinion_socket_endpoint(socket), SALT, pinion_connect_auth_token(info).ptr, NULL,
                            &user) != 0)
        return pinion_error(NULL);
    if (pinion_socket_assign(socket, "user", user) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static int user_socket_id(pinion_socket *socket, char *text, size_t size)
{
    json_t *user = pinion_payload_tree(pinion_socket_assigned(socket, "user"));
    return snprintf(text, size, "users:%s", json_string_value(user));
}

static const pinion_channel_def room_channel = { 0 };

static const pinion_socket_def user_socket = {
    .connect = user_connect,
    .id = user_socket_id,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

static int mount(pinion_endpoint *endpoint)
{
    static const pinion_http_options json = { .accepts = "application/json", .max_body = 4096 };
    int rc = pinion_endpoint_http(endpoint, "POST", "/login", log_in, &json);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "POST", "/hooks/:room", call_hook, &json);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "DELETE", "/admin/users/:user", log_out, NULL);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "GET", "/downloads/*", download, NULL);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                                    &(pinion_socket_options){ .auth_token = true });
    return rc;
}

int main(int argc, char **argv)
{
    pinion_endpoint *endpoint = NULL;
    pinion_endpoint_options options = { .port = 4000 };
    int stop = program_options(argc, argv, NULL, &options);
    if (stop)
        return stop - 1;
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = mount(endpoint);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
