/* Definitions that do no harm, but are not what their author meant: routes and clauses that are never
 * reached, because one before them takes all of their topics or events; sockets without a route; paths to
 * which no client connects. */
#ifndef PINION_ENGINE_UNREACHED_H
#define PINION_ENGINE_UNREACHED_H

#include <pinion/socket.h>

/* Log a warning for each. `path` is where the socket is mounted. */
void pinion__warn_unreached(const char *path, const pinion_socket_def *def);

/* Log a warning for a path that ends with what clients add to it. */
void pinion__warn_path(const char *path);

#endif
