/* What a definition has, and nothing can ever reach: a route or a clause behind one that takes all of its
 * topics or events. It does no harm, but is not what its author meant. */
#ifndef PINION_ENGINE_UNREACHED_H
#define PINION_ENGINE_UNREACHED_H

#include <pinion/socket.h>

/* Warn of each in the log. `path` is where the socket is mounted. */
void pinion__warn_unreached(const char *path, const pinion_socket_def *def);

#endif
