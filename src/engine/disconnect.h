/* With which code the event "disconnect" closes sockets. */
#ifndef PINION_ENGINE_DISCONNECT_H
#define PINION_ENGINE_DISCONNECT_H

#include "pubsub/broadcast.h"

/* The code that its payload names as "code", if an application may use that one: 1000, or 3000 to 4999.
 * Otherwise 1001. Another code is logged. */
uint16_t pinion__disconnect_code(const struct pinion_broadcast *broadcast);

#endif
