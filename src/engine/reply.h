/* Messages that the engine itself sends: replies, and phx_close or phx_error when a channel has ended. */
#ifndef PINION_ENGINE_REPLY_H
#define PINION_ENGINE_REPLY_H

#include "engine/channel.h"

/* Reply for the socket, to the message `to`. payload NULL is {}. */
int pinion__socket_reply(struct pinion_socket *socket, const struct pinion_message *to,
                         struct pinion_slice join_ref, const char *status, const pinion_payload *payload);

/* The same with status "error" and this reason. */
void pinion__socket_reply_error(struct pinion_socket *socket, const struct pinion_message *to,
                                struct pinion_slice join_ref, const char *why);

/* Reply with the channel's join_ref. */
int pinion__channel_reply(struct pinion_channel *channel, struct pinion_slice ref, const char *status,
                          const pinion_payload *payload);

/* Tell the client that the channel has ended: phx_error if `error`, else phx_close. */
void pinion__channel_send_end(struct pinion_socket *socket, struct pinion_slice topic,
                              struct pinion_slice join_ref, bool error);

#endif
