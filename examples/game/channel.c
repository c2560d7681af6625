/* A player in a room. The channel has a ref to the room, and the player's name from the socket. */
#include "game.h"
#include <stdlib.h>
#include <string.h>

static pinion_result connect_player(pinion_socket *socket, const pinion_payload *params,
                                    const pinion_connect_info *info)
{
    const char *player = json_string_value(pinion_payload_get(params, "player"));
    if (!player || !*player || strlen(player) >= GAME_PLAYER)
        return pinion_error(NULL);
    return pinion_socket_assign(socket, "player", pinion_json("s", player)) == 0 ? pinion_ok(NULL)
                                                                                 : pinion_crash();
}

static void free_ref(void *state)
{
    pinion_actor_ref_free(state);
}

static const char *player_of(pinion_channel *channel)
{
    return json_string_value(pinion_payload_tree(pinion_assigned(channel, "player")));
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_actor_ref *room = NULL;
    void *fresh = game_room_new();
    if (!fresh ||
        pinion_actor_open(pinion_channel_endpoint(channel), topic, &game_room, fresh, free, &room) != 0)
        return pinion_crash();
    pinion_channel_set_state(channel, room, free_ref);
    return pinion_actor_later(channel, room, "join", pinion_json("{s:s}", "player", player_of(channel)), 0);
}

/* The first byte of the payload is the direction. A room that cannot take more now misses it: the player
 * steers again. */
static pinion_result steer(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char message[1 + GAME_PLAYER];
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length), *player = player_of(channel);
    if (pinion_payload_kind(payload) != PINION_PAYLOAD_BINARY || length != 1)
        return pinion_error(pinion_json("{s:s}", "reason", "no direction"));
    message[0] = bytes[0];
    memcpy(message + 1, player, strlen(player));
    pinion_actor_send(pinion_channel_state(channel), "steer",
                      pinion_payload_binary(message, 1 + strlen(player)));
    return pinion_noreply();
}

const pinion_channel_def game_channel = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "steer", steer }),
};

const pinion_socket_def game_socket = {
    .connect = connect_player,
    .channels = PINION_ROUTES({ "game:*", &game_channel }),
};
