/* A game for a few players in a room: an actor has the room, and ticks; the players' channels speak to it. */
#ifndef GAME_H
#define GAME_H

#include <pinion/pinion.h>

#define GAME_SEATS    8
#define GAME_TICK_MS  50    /* twenty ticks a second */
#define GAME_GRACE_MS 10000 /* a player who has lost the connection keeps the seat for so long */
#define GAME_SIZE     1000  /* of the field, both ways */
#define GAME_PLAYER   32    /* bytes of a player's name, with the terminator */

/* What happens in a room, once for each room on a node. Its name is the topic. Calls: "join" {"player": NAME}
 * gives {"seat": N}. Messages: "steer", binary: the direction (0: none, 1 to 4: up, right, down, left), then
 * the name. It broadcasts "state" at each tick, binary: the tick as 4 bytes, then for each player the seat as
 * 1 byte, 1 if the player is there, and the place as twice 2 bytes. All numbers have their highest byte
 * first.
 */
extern const pinion_actor_def game_room;

/* The state of a new room, for free(). NULL when out of memory. */
void *game_room_new(void);

/* game:NAME. */
extern const pinion_channel_def game_channel;

/* Players say who they are: ?player=NAME. */
extern const pinion_socket_def game_socket;

#endif
