/* Who is this? A user who logs in gets a token. It says who they are, and cannot be forged. Without a token
 * nobody gets in (docs/tokens.md). Its client is 03_token.mjs.
 *
 * Tokens need a secret: export PINION_SECRET_KEY_BASE="$(openssl rand -base64 48)" */
#include "program.h"
#include <stdlib.h>
#include <string.h>

#define SALT "user auth" /* what these tokens are for; a token for something else is not valid here */

static int sign(pinion_endpoint *endpoint, const char *user, char **token)
{
    return pinion_token_sign(endpoint, SALT, pinion_json("s", user), NULL, token);
}

/* GET /login?user=NAME answers with a token. A real program checks a password first. */
static void login(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_endpoint *endpoint = data;
    const char *user = json_string_value(pinion_payload_get(pinion_request_params(request), "user"));
    char *token = NULL;
    if (!user || !user[0])
        pinion_response_send(response, 400, NULL, NULL, 0);
    else if (sign(endpoint, user, &token) != 0)
        pinion_response_send(response, 500, NULL, NULL, 0);
    else
        pinion_response_send(response, 200, "text/plain", token, strlen(token));
    free(token);
}

/* The client shows its token when it connects. If the token is wrong, the client is not told why. */
static pinion_result user_connect(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    const char *token = pinion_connect_auth_token(info).ptr;
    pinion_payload *user = NULL;
    if (pinion_token_verify(pinion_socket_endpoint(socket), SALT, token, NULL, &user) != 0)
        return pinion_error(NULL);
    if (pinion_socket_assign(socket, "user", user) != 0) /* its channels have it too */
        return pinion_crash();
    return pinion_ok(NULL);
}

/* All sockets of this user have this id. */
static int user_socket_id(pinion_socket *socket, char *text, size_t size)
{
    json_t *user = pinion_payload_tree(pinion_socket_assigned(socket, "user"));
    return snprintf(text, size, "users:%s", json_string_value(user));
}

/* The name comes from the token. What the client says about itself does not count. */
static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    json_t *user = pinion_payload_tree(pinion_assigned(channel, "user"));
    json_t *body = pinion_payload_get(payload, "body");
    pinion_broadcast(channel, "new_msg", pinion_json("{s:O, s:O?}", "user", user, "body", body));
    return pinion_noreply();
}

/* Log out on all devices: broadcasting "disconnect" to the id of a user's sockets closes them. */
static pinion_result log_out(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const char *everywhere = pinion_socket_id(pinion_channel_socket(channel));
    if (everywhere)
        pinion_endpoint_broadcast(pinion_channel_endpoint(channel), everywhere, "disconnect", NULL);
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .handle_in = PINION_CLAUSES({ "new_msg", new_msg }, { "log_out", log_out }),
};

static const pinion_socket_def user_socket = {
    .connect = user_connect,
    .id = user_socket_id,
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
};

/* Find out now, and not at the first login, whether there is a secret. */
static int check_secret(pinion_endpoint *endpoint)
{
    char *token = NULL;
    int rc = sign(endpoint, "somebody", &token);
    free(token);
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
        rc = check_secret(endpoint);
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/login", login, endpoint);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &user_socket,
                                    &(pinion_socket_options){ .auth_token = true });
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
