/* What a program says to whoever watches over it. */
#ifndef PINION_SUPERVISE_H
#define PINION_SUPERVISE_H

#include <pinion/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tell whoever watches over this process (systemd): lines as of sd_notify(3), "STATUS=..." for instance.
 * pinion_endpoint_run says READY=1 and STOPPING=1 by itself; a program that calls pinion_endpoint_start says
 * READY=1 this way. The loops of both ping the watchdog. Thread: any. Returns 0 too when nobody watches.
 * Errors: PINION_EINVAL nothing to say; PINION_EBUSY, PINION_EIO: it did not arrive. */
PINION_API int pinion_notify(const char *state);

#ifdef __cplusplus
}
#endif
#endif
