/* Routes and clauses that are never reached, because one before them takes all of their topics or events.
 * They do no harm, but are not what their author meant. */
#ifndef PINION_ENGINE_UNREACHED_H
#define PINION_ENGINE_UNREACHED_H

#include <pinion/socket.h>

/* Log a warning for each. `path` is where the socket is mounted. */
void pinion__warn_unreached(const char *path, const pinion_socket_def *def);

#endif
