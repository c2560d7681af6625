/* TCP streams for the application's own transports (pinion/stream.h). */
#ifndef PINION_ENDPOINT_STREAM_H
#define PINION_ENDPOINT_STREAM_H

#include "endpoint/endpoint.h"
#include <pinion/stream.h>

/* Open the listening sockets for all streams (pinion_endpoint_streams). Errors: those of
 * pinion_endpoint_listen; then none is open. */
int pinion__stream_listeners_open(struct pinion_endpoint *endpoint);

/* The sockets have been closed: forget their ports. */
void pinion__stream_listeners_unbind(struct pinion_endpoint *endpoint);
void pinion__stream_listeners_free(struct pinion_endpoint *endpoint);

/* Take over a connection that was just accepted. */
void pinion__stream_accept(struct pinion_endpoint_loop *loop, struct pinion_stream_listener *listener,
                           struct pinion_conn *conn);

/* The endpoint stops: shut down the streams of this loop. */
void pinion__streams_stop(struct pinion_endpoint_loop *loop);

#endif
