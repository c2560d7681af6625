/* The HTTP answer to a connect that was refused. */
#ifndef PINION_TRANSPORT_REFUSAL_H
#define PINION_TRANSPORT_REFUSAL_H

#include "engine/mount.h"
#include "engine/socket.h"
#include "http/answer.h"

/* Answer its request. `error` is why; `reason` is what the application gave, or NULL. */
void pinion__refuse_connect(struct pinion_http *http, struct pinion_shard *shard,
                            const struct pinion_mount *mount, int error, const pinion_payload *reason,
                            bool keep_alive);

/* The same of a connect that was answered later, when the connection was HTTP's no longer: head and body,
 * after which it closes. NULL when out of memory. */
struct pinion_frame *pinion__refusal_frame(struct pinion_shard *shard, const struct pinion_mount *mount,
                                           int error, const pinion_payload *reason);

#endif
