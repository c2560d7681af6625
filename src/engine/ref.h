/* Refs: weak handles on a channel or a socket, and on the message they were made for. Every act is posted to
 * the loop. */
#ifndef PINION_ENGINE_REF_H
#define PINION_ENGINE_REF_H

#include <pinion/channel.h>

/* The subscriber id of the ref's channel; 0 for a socket's ref. Thread: any. */
uint64_t pinion__ref_subscriber(const pinion_ref *ref);

#endif
