/* Rates: what a client may send in a second, where the mount limits it. */
#ifndef PINION_ENGINE_RATES_H
#define PINION_ENGINE_RATES_H

#include "engine/channel.h"

/* One more of these; false when it is too many, which is counted. Memory is used only where there is a limit.
 */
bool pinion__rate_message(struct pinion_socket *socket);
bool pinion__rate_join(struct pinion_socket *socket);
bool pinion__rate_channel_message(struct pinion_channel *channel);

#endif
