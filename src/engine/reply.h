/* What the engine itself says to a client: replies, and that a channel has ended. */
#ifndef PINION_ENGINE_REPLY_H
#define PINION_ENGINE_REPLY_H

#include "engine/channel.h"

/* A reply of the socket itself. payload NULL is {}. */
int pinion__socket_reply(struct pinion_socket *socket, const struct pinion_message *to,
                         struct pinion_slice join_ref, const char *status, const pinion_payload *payload);

/* The same of status "error", with this reason. */
void pinion__socket_reply_error(struct pinion_socket *socket, const struct pinion_message *to,
                                struct pinion_slice join_ref, const char *why);

/* Reply with the channel's join_ref. */
int pinion__channel_reply(struct pinion_channel *channel, struct pinion_slice ref, const char *status,
                          const pinion_payload *payload);

/* phx_close or phx_error. */
void pinion__channel_send_end(struct pinion_socket *socket, struct pinion_slice topic,
                              struct pinion_slice join_ref, bool error);

#endif
