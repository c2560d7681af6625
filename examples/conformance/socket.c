#include "conformance.h"
#include <stdio.h>
#include <string.h>

static bool is_true(const pinion_payload *params, const char *name)
{
    const char *value = json_string_value(pinion_payload_get(params, name));
    return value && strcmp(value, "true") == 0;
}

static int assign_user(pinion_socket *socket, const pinion_payload *params)
{
    json_t *user_id = pinion_payload_get(params, "user_id");
    return pinion_socket_assign(socket, "user_id",
                                user_id ? pinion_payload_json(json_incref(user_id)) : pinion_json("n"));
}

static int assign_token(pinion_socket *socket, const pinion_connect_info *info)
{
    pinion_slice token = pinion_connect_auth_token(info);
    return token.ptr ? pinion_socket_assign(socket, "auth_token", pinion_json("s%", token.ptr, token.len))
                     : 0;
}

static pinion_result connect_user(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    if (is_true(params, "reject"))
        return pinion_error(NULL);
    if (is_true(params, "ratelimit"))
        return pinion_error(pinion_json("s", "rate_limit"));
    if (assign_user(socket, params) != 0 || assign_token(socket, info) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

void conformance_refusal(const pinion_payload *reason, pinion_response *response, void *context)
{
    const struct conformance *shared = context;
    pinion_response_send(response, 429, NULL, shared->refusal, strlen(shared->refusal));
}

static int socket_id(pinion_socket *socket, char *text, size_t size)
{
    const char *user_id = json_string_value(pinion_payload_tree(pinion_socket_assigned(socket, "user_id")));
    return user_id ? snprintf(text, size, "user_sockets:%s", user_id) : 0;
}

const pinion_socket_def conformance_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &conformance_room_channel }, { "room:*", &conformance_channel },
                              { "presence:*", &conformance_presence_channel },
                              { "crowd:*", &conformance_presence_channel }),
    .connect = connect_user,
    .id = socket_id,
};
