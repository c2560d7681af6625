/* The cause of an end lies in the shard, from the moment it is known until the socket ends: no other socket
 * of the loop ends in between. */
#include "engine/tally.h"
#include "engine/socket.h"

static const char *const cause_names[] = {
    [PINION_CAUSE_CLIENT] = "client",
    [PINION_CAUSE_REFUSED] = "refused",
    [PINION_CAUSE_SILENT] = "silent",
    [PINION_CAUSE_SLOW] = "slow",
    [PINION_CAUSE_MALFORMED] = "malformed",
    [PINION_CAUSE_TOO_BIG] = "too_big",
    [PINION_CAUSE_RATE] = "rate",
    [PINION_CAUSE_DISCONNECT] = "disconnect",
    [PINION_CAUSE_SHUTDOWN] = "shutdown",
    [PINION_CAUSE_EVICTED] = "evicted",
    [PINION_CAUSE_APPLICATION] = "application",
    [PINION_CAUSE_MEMORY] = "memory",
};

static const char *const joined_names[] = {
    [PINION_JOINED_OK] = "ok",           [PINION_JOINED_REFUSED] = "refused",
    [PINION_JOINED_CRASHED] = "crashed", [PINION_JOINED_UNMATCHED] = "unmatched",
    [PINION_JOINED_LIMITED] = "limited",
};

const char *pinion__cause_name(enum pinion_cause cause)
{
    return cause_names[cause];
}

const char *pinion__joined_name(enum pinion_joined outcome)
{
    return joined_names[outcome];
}

void pinion__socket_because(const struct pinion_socket *socket, enum pinion_cause cause)
{
    if (!socket || socket->state == PINION_SOCKET_ENDED || socket->shard->ending)
        return;
    socket->shard->ending = socket;
    socket->shard->cause = cause;
}

void pinion__tally_end(const struct pinion_socket *socket)
{
    struct pinion_shard *shard = socket->shard;
    enum pinion_cause cause = shard->ending == socket ? shard->cause : PINION_CAUSE_CLIENT;
    shard->ending = NULL;
    PINION_TALLY(socket->class->tally, ended[cause], 1);
}
