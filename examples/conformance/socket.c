#include "conformance.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* ---- a user who is looked up off the loop, as in a database ---- */

struct lookup {
    bool found;
    char user_id[];
};

static void look_up(void *data)
{
    struct lookup *lookup = data;
    nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
    lookup->found = strcmp(lookup->user_id, "nobody") != 0;
}

static pinion_result looked_up(pinion_socket *socket, int status, void *data)
{
    struct lookup *lookup = data;
    pinion_result answer = pinion_error(NULL);
    if (status == 0 && lookup->found) {
        int rc = pinion_socket_assign(socket, "user_id", pinion_json("s", lookup->user_id));
        answer = rc ? pinion_crash() : pinion_ok(NULL);
    }
    free(lookup);
    return answer;
}

static pinion_result connect_looked_up(pinion_socket *socket, const pinion_payload *params,
                                       const pinion_connect_info *info)
{
    const char *user_id = json_string_value(pinion_payload_get(params, "user_id"));
    if (!user_id)
        user_id = "nobody";
    struct lookup *lookup = calloc(1, sizeof *lookup + strlen(user_id) + 1);
    if (!lookup)
        return pinion_crash();
    memcpy(lookup->user_id, user_id, strlen(user_id) + 1);
    if (pinion_socket_work(socket, look_up, looked_up, lookup) != 0) {
        free(lookup);
        return pinion_crash();
    }
    return pinion_later();
}

#define ROUTES                                                                                               \
    PINION_ROUTES({ "rooms:*", &conformance_room_channel }, { "room:*", &conformance_channel },              \
                  { "presence:*", &conformance_presence_channel },                                           \
                  { "crowd:*", &conformance_presence_channel }, { "slow:*", &conformance_slow_channel },     \
                  { "counter:*", &conformance_counter_channel })

const pinion_socket_def conformance_socket = {
    .channels = ROUTES,
    .connect = connect_user,
    .id = socket_id,
};

const pinion_socket_def conformance_lookup_socket = {
    .channels = ROUTES,
    .connect = connect_looked_up,
    .id = socket_id,
};
