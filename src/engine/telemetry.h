/* Tells the application's telemetry what a callback has done. Without one it costs a branch. */
#ifndef PINION_ENGINE_TELEMETRY_H
#define PINION_ENGINE_TELEMETRY_H

#include "engine/callback.h"
#include <pinion/result.h>

/* The callback has been left, and the next one is not yet entered. `result` is its word. */
void pinion__telemetry_tell(const struct pinion_callback *callback, const struct pinion_socket *socket,
                            const char *result);

/* The word of a result. Lifetime: the result's. */
const char *pinion__telemetry_result(const pinion_result *result);

static inline void pinion__telemetry(const struct pinion_hub *hub, const struct pinion_callback *callback,
                                     const struct pinion_socket *socket, const pinion_result *result)
{
    if (__builtin_expect(hub->telemetry != NULL, 0))
        pinion__telemetry_tell(callback, socket, pinion__telemetry_result(result));
}

#endif
