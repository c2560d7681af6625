/* Finds the adapter that a URL asks for. */
#ifndef PINION_PUBSUB_ADAPTER_H
#define PINION_PUBSUB_ADAPTER_H

#include <pinion/pubsub.h>

/* Make the adapter of a URL. For "local" there is none: *out is NULL. PINION_EINVAL: no adapter has this
 * scheme, or a setting is wrong; PINION_ENOTSUP: this build does not have the adapter; PINION_ENOMEM.
 * pinion_error_detail() says more, without the URL's secrets. */
int pinion__adapter_open(const char *url, pinion_pubsub_adapter **out);

#endif
