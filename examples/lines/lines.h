/* A transport of your own: channels for devices that have TCP, but no WebSocket. Each line is a frame.
 *
 *   client: vsn=2.0.0&token=...                          the parameters of connect, as in a URL
 *   server: ok                                           or: refused {"reason":"..."}, and it ends
 *   client: ["1","1","device:7","phx_join",{}]           from here on the same as over WebSocket
 *   server: ["1","1","device:7","phx_reply",{"response":{},"status":"ok"}]
 *   client:                                              an empty line: I am still here
 *   server: close 1012                                   the last line */
#ifndef EXAMPLES_LINES_H
#define EXAMPLES_LINES_H

#include <pinion/endpoint.h>

/* Let clients connect at this address to the socket that is mounted at `path` (borrowed). To be called before
 * the endpoint listens. Errors: those of pinion_endpoint_streams. */
int lines_listen(pinion_endpoint *endpoint, const char *host, uint16_t port, const char *path);

/* The port for lines, once the endpoint listens. */
uint16_t lines_port(const pinion_endpoint *endpoint);

#endif
