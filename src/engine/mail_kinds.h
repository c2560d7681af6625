/* Mail that is a client's message or a broadcast. The other kind is a message of the application's: info.h.
 */
#ifndef PINION_ENGINE_MAIL_KINDS_H
#define PINION_ENGINE_MAIL_KINDS_H

#include "engine/channel.h"

/* A message from the client that has to wait; copied. PINION_ENOMEM. */
int pinion__mail_message(struct pinion_channel *channel, const struct pinion_message *message);

/* A broadcast: to handle_out (an intercepted event) or to handle_info (a subscribed topic). PINION_ENOMEM,
 * PINION_EBUSY (inbox full). */
int pinion__mail_broadcast(struct pinion_channel *channel, struct pinion_broadcast *broadcast,
                           const pinion_clause *out);

#endif
