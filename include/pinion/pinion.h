/* Pinion: Phoenix Channels in C. This header includes all others.
 *
 * A program defines channels (pinion/channel.h), routes topics to them on a socket (pinion/socket.h), mounts
 * the socket on an endpoint and runs the endpoint (pinion/endpoint.h). It may run under supervision
 * (pinion/supervise.h). For the state of a room: pinion/actor.h. To serve HTTP beside channels:
 * pinion/http.h. To watch it run: pinion/metrics.h. To know who a client is: pinion/token.h. To test
 * channels: pinion/testing.h. To carry frames in other ways: pinion/transport.h, pinion/stream.h. To run more
 * than one node: pinion/pubsub.h.
 *
 * Programs without a server can use payload.h, error.h, log.h, slice.h, frame.h, message.h, serializer.h and
 * version.h. These have a library of their own, on which the server's library depends: pkg-config
 * pinion-core, or pinion-core-static. */
#ifndef PINION_H
#define PINION_H

#include <pinion/actor.h>
#include <pinion/channel.h>
#include <pinion/connect.h>
#include <pinion/endpoint.h>
#include <pinion/error.h>
#include <pinion/frame.h>
#include <pinion/http.h>
#include <pinion/log.h>
#include <pinion/message.h>
#include <pinion/metrics.h>
#include <pinion/payload.h>
#include <pinion/presence.h>
#include <pinion/pubsub.h>
#include <pinion/raw_socket.h>
#include <pinion/result.h>
#include <pinion/serializer.h>
#include <pinion/slice.h>
#include <pinion/socket.h>
#include <pinion/stream.h>
#include <pinion/supervise.h>
#include <pinion/token.h>
#include <pinion/transport.h>
#include <pinion/version.h>

#endif
