/* The page of metrics. It is made on a thread of its own, out of counts that the loops write for themselves:
 * asking costs the loops nothing but the request. */
#ifndef PINION_ENDPOINT_METRICS_H
#define PINION_ENDPOINT_METRICS_H

#include "endpoint/exposition.h"

struct pinion_endpoint;
struct pinion_metrics;

/* Free it. No loop runs any more. NULL is allowed. */
void pinion__metrics_free(struct pinion_metrics *metrics);

/* ---- the parts of the page ---- */

/* metrics_sockets.c: for each mount and transport */
void pinion__expose_sockets(struct pinion_exposition *out, const struct pinion_endpoint *endpoint);

/* metrics_loops.c: loops and callbacks */
void pinion__expose_loops(struct pinion_exposition *out, const struct pinion_endpoint *endpoint);

/* metrics_endpoint.c: what the whole endpoint counts */
void pinion__expose_endpoint(struct pinion_exposition *out, const struct pinion_endpoint *endpoint);

/* metrics_process.c: what the kernel says of this process, and the build */
void pinion__expose_process(struct pinion_exposition *out);
void pinion__expose_build(struct pinion_exposition *out, const char *engine);

#endif
