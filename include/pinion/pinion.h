/* Pinion: Phoenix Channels in C. This header is all of it; each part has one of its own.
 *
 * A program defines channels (pinion/channel.h), routes topics to them on a socket (pinion/socket.h), mounts
 * the socket on an endpoint and runs that (pinion/endpoint.h), under supervision if it likes
 * (pinion/supervise.h). Who a client is: pinion/token.h. Tests of channels: pinion/testing.h.
 * Other ways for frames to come and go: pinion/transport.h, pinion/stream.h. More nodes than one:
 * pinion/pubsub.h.
 *
 * Programs without a server have payload.h, error.h, log.h, slice.h, frame.h, message.h, serializer.h and
 * version.h in a library of their own, on which the server's stands: pkg-config pinion-core, or
 * pinion-core-static. */
#ifndef PINION_H
#define PINION_H

#include <pinion/channel.h>
#include <pinion/connect.h>
#include <pinion/endpoint.h>
#include <pinion/error.h>
#include <pinion/frame.h>
#include <pinion/log.h>
#include <pinion/message.h>
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
