/* Mail that carries a client's message or a broadcast. Messages from the application are in info.h. */
#ifndef PINION_ENGINE_MAIL_KINDS_H
#define PINION_ENGINE_MAIL_KINDS_H

#include "engine/channel.h"

/* Queue a message from the client that has to wait. It is copied. PINION_ENOMEM. */
int pinion__mail_message(struct pinion_channel *channel, const struct pinion_message *message);

/* Queue a broadcast for handle_info (a subscribed topic). PINION_ENOMEM; PINION_EBUSY: the inbox is full. */
int pinion__mail_broadcast(struct pinion_channel *channel, struct pinion_broadcast *broadcast);

/* Keep a broadcast for this clause of handle_out (an intercepted event), whose turn it is while the channel
 * is busy. Errors as pinion__mail_broadcast. */
int pinion__mail_intercepted(struct pinion_channel *channel, struct pinion_broadcast *broadcast,
                             const pinion_clause *out);

#endif
