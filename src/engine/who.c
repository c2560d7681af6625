#include "engine/who.h"
#include "engine/socket_extra.h"
#include <stdio.h>

#define ADDRESS 64

static void ask_transport(const struct pinion_socket *socket, char text[ADDRESS])
{
    text[0] = '\0';
    if (socket->class->transport->peer && socket->conn)
        socket->class->transport->peer(socket->conn, text, ADDRESS);
    text[ADDRESS - 1] = '\0';
}

void pinion__who_keep(struct pinion_socket *socket, const pinion_connect_info *info)
{
    char known[ADDRESS];
    const char *peer = info && info->peer ? info->peer : ""; /* what is looked up can be looked up again */
    if (!peer[0])
        return;
    ask_transport(socket, known);
    if (strcmp(peer, known) != 0)
        pinion__socket_extra_keep_peer(socket, peer);
}

static const char *describe(char out[PINION_WHO], const char *peer, const char *id)
{
    char quoted[PINION_QUOTED];
    snprintf(out, PINION_WHO, "peer %.*s%s%s", ADDRESS, peer[0] ? peer : "unknown", id ? ", socket id " : "",
             id ? pinion__quote(quoted, pinion__slice_str(id)) : "");
    return out;
}

const char *pinion__who(char out[PINION_WHO], const struct pinion_socket *socket)
{
    char asked[ADDRESS];
    const char *kept = pinion__socket_extra_peer(socket);
    if (!kept[0])
        ask_transport(socket, asked);
    return describe(out, kept[0] ? kept : asked, pinion__socket_id(socket));
}

const char *pinion__who_connects(char out[PINION_WHO], const pinion_connect_info *info)
{
    return describe(out, info ? pinion_connect_peer(info) : "", NULL);
}
