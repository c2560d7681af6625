/* The room. All of it is in the actor's state, which nobody else touches. */
#include "game.h"
#include <stdlib.h>
#include <string.h>

struct player {
    char name[GAME_PLAYER]; /* "": the seat is free */
    uint64_t monitor;       /* of the player's channel; 0: the player is away */
    uint32_t away_since;    /* the tick */
    uint8_t direction;
    uint16_t x, y;
};

struct room {
    uint32_t tick;
    struct player players[GAME_SEATS];
};

void *game_room_new(void)
{
    return calloc(1, sizeof(struct room));
}

/* ---- players ---- */

/* The player of this name; "" gives a free seat. NULL: nobody has the name, or no seat is free. */
static struct player *find(struct room *room, const char *name)
{
    for (struct player *player = room->players; player < room->players + GAME_SEATS; player++) {
        if (strcmp(player->name, name) == 0)
            return player;
    }
    return NULL;
}

static struct player *take_seat(struct room *room, const char *name)
{
    struct player *player = find(room, "");
    if (!player)
        return NULL;
    *player = (struct player){ .x = GAME_SIZE / 2, .y = GAME_SIZE / 2 };
    memcpy(player->name, name, strlen(name) + 1);
    return player;
}

/* Who comes back has the old seat, even if the old connection is not known to have gone. */
static pinion_result join(pinion_actor *actor, pinion_call *call, const char *name)
{
    struct room *room = pinion_actor_state(actor);
    if (!name || !*name || strlen(name) >= GAME_PLAYER)
        return pinion_error(pinion_json("{s:s}", "reason", "no name"));
    struct player *player = find(room, name);
    if (!player)
        player = take_seat(room, name);
    if (!player)
        return pinion_error(pinion_json("{s:s}", "reason", "full"));
    pinion_actor_demonitor(actor, player->monitor);
    if (pinion_actor_monitor(actor, pinion_call_from(call), &player->monitor) != 0)
        return pinion_crash();
    return pinion_ok(pinion_json("{s:i}", "seat", (int)(player - room->players)));
}

/* Who has left for good gives the seat up; who has lost the connection may come back. */
static void leave(struct room *room, const pinion_info *down)
{
    for (struct player *player = room->players; player < room->players + GAME_SEATS; player++) {
        if (player->monitor != down->monitor)
            continue;
        if (down->reason == PINION_REASON_LEFT) {
            *player = (struct player){ .monitor = 0 };
            continue;
        }
        player->monitor = 0;
        player->direction = 0;
        player->away_since = room->tick;
    }
}

static void steer(struct room *room, const pinion_payload *payload)
{
    char name[GAME_PLAYER];
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length);
    if (length < 2 || length > GAME_PLAYER)
        return;
    memcpy(name, bytes + 1, length - 1);
    name[length - 1] = '\0';
    struct player *player = find(room, name);
    if (player)
        player->direction = (uint8_t)bytes[0] <= 4 ? (uint8_t)bytes[0] : 0;
}

/* ---- ticks ---- */

static void move(struct player *player)
{
    static const int8_t steps[][2] = { { 0, 0 }, { 0, -10 }, { 10, 0 }, { 0, 10 }, { -10, 0 } };
    const int x = player->x + steps[player->direction][0], y = player->y + steps[player->direction][1];
    if (x >= 0 && x <= GAME_SIZE)
        player->x = (uint16_t)x;
    if (y >= 0 && y <= GAME_SIZE)
        player->y = (uint16_t)y;
}

static uint8_t *put(uint8_t *out, uint32_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *out++ = (uint8_t)(number >> (8 * i));
    return out;
}

static pinion_payload *state_of(const struct room *room)
{
    uint8_t bytes[4 + GAME_SEATS * 6], *end = put(bytes, room->tick, 4);
    for (int i = 0; i < GAME_SEATS; i++) {
        const struct player *player = &room->players[i];
        if (!*player->name)
            continue;
        end = put(end, (uint32_t)i, 1);
        end = put(end, player->monitor != 0, 1);
        end = put(end, player->x, 2);
        end = put(end, player->y, 2);
    }
    return pinion_payload_binary(bytes, (size_t)(end - bytes));
}

static void tick(pinion_actor *actor, struct room *room)
{
    room->tick++;
    for (struct player *player = room->players; player < room->players + GAME_SEATS; player++) {
        if (!player->monitor && room->tick - player->away_since >= GAME_GRACE_MS / GAME_TICK_MS)
            *player = (struct player){ .monitor = 0 };
        move(player);
    }
    pinion_endpoint_broadcast(pinion_actor_endpoint(actor), pinion_actor_name(actor), "state",
                              state_of(room));
}

/* ---- the actor ---- */

static pinion_result next_tick(pinion_actor *actor, pinion_result result)
{
    return pinion_actor_send_after(actor, GAME_TICK_MS, "tick", NULL, NULL) == 0 ? result : pinion_crash();
}

static pinion_result init(pinion_actor *actor, void *argument)
{
    return next_tick(actor, pinion_ok(NULL));
}

static pinion_result handle_call(pinion_actor *actor, pinion_call *call, const char *name,
                                 const pinion_payload *payload)
{
    return join(actor, call, json_string_value(pinion_payload_get(payload, "player")));
}

static pinion_result handle_info(pinion_actor *actor, const pinion_info *info)
{
    struct room *room = pinion_actor_state(actor);
    if (strcmp(info->name, "steer") == 0)
        steer(room, info->payload);
    if (strcmp(info->name, "down") == 0)
        leave(room, info);
    if (strcmp(info->name, "tick") != 0)
        return pinion_noreply();
    tick(actor, room);
    return next_tick(actor, pinion_noreply());
}

const pinion_actor_def game_room = {
    .init = init,
    .handle_call = handle_call,
    .handle_info = handle_info,
    .idle_ms = GAME_GRACE_MS, /* the room ends when it has been empty for so long */
};
