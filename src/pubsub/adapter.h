/* Adapters by name: the one that a URL asks for. */
#ifndef PINION_PUBSUB_ADAPTER_H
#define PINION_PUBSUB_ADAPTER_H

#include <pinion/pubsub.h>

/* Make the adapter of a URL: of "local" none, which is NULL. PINION_EINVAL: the URL asks for none there is,
 * or its settings are wrong; PINION_ENOTSUP: this build does not have it; pinion_error_detail() says more,
 * without the URL's secrets. PINION_ENOMEM. */
int pinion__adapter_open(const char *url, pinion_pubsub_adapter **out);

#endif
