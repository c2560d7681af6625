/* Refs: weak handles on a channel or a socket, and on the message they were made for. All that a ref does
 * runs on the loop. */
#ifndef PINION_ENGINE_REF_H
#define PINION_ENGINE_REF_H

#include <pinion/channel.h>

/* The subscriber id of the ref's channel; 0 for a socket's ref, and for NULL. Thread: any. */
uint64_t pinion__ref_subscriber(const pinion_ref *ref);

#endif
