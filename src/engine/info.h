/* Messages from the application to a channel, for its handle_info. They come from a ref, or from the channel
 * itself after a delay. */
#ifndef PINION_ENGINE_INFO_H
#define PINION_ENGINE_INFO_H

#include "engine/mail.h"
#include <pinion/payload.h>

/* Make mail for handle_info. `name` is copied; `payload` (or `data`) is consumed. NULL when out of memory:
 * then too the payload is consumed, and the data is destroyed. Thread: any. */
struct pinion_mail *pinion__mail_info(const char *name, pinion_payload *payload, void *data,
                                      void (*destroy_data)(void *));

/* The memory that such mail takes, without its payload or its data. */
size_t pinion__mail_info_memory(const char *name);

#endif
