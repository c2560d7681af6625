/* Messages of the application's to a channel, for its handle_info: by a ref, or from itself after a while. */
#ifndef PINION_ENGINE_INFO_H
#define PINION_ENGINE_INFO_H

#include "engine/mail.h"
#include <pinion/payload.h>

/* Mail for handle_info, not yet delivered: name is copied, payload (or data) consumed. NULL when out of
 * memory; payload is consumed and data destroyed then too. Thread: any. */
struct pinion_mail *pinion__mail_info(const char *name, pinion_payload *payload, void *data,
                                      void (*destroy_data)(void *));

#endif
