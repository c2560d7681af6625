/* Metrics: a page for Prometheus with what an endpoint counts, and counters of the application's own beside
 * it. docs/operations.md says what each figure means. */
#ifndef PINION_METRICS_H
#define PINION_METRICS_H

#include <pinion/endpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the page ---- */

/* How the page is served. Zero means the default. Strings are copied. */
typedef struct pinion_metrics_options {
    /* Who asks must send this token: `Authorization: Bearer TOKEN`. 1 to 1,024 visible ASCII characters.
     * Default: everybody may read the page. On excess: without the token 401. */
    const char *token;
} pinion_metrics_options;

/* Mount the page: a route for GET at this path, in the text format of Prometheus (version 0.0.4). The page is
 * public, as every route is, unless it has a token or a proxy hides its path. An endpoint has one such page.
 * From now on the endpoint measures how long callbacks and turns of its loops take; without the page it does
 * not. A thread of its own makes the page, so that no loop waits for it.
 *
 * Ownership: the options are copied; NULL means defaults.
 *
 * Thread: the one that made the endpoint, before it starts.
 *
 * Errors: PINION_EINVAL: the path is taken or cannot be requested, it has parameters, the endpoint has such a
 * page already or has started, or the token is not valid; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_metrics_sized(pinion_endpoint *endpoint, const char *path,
                                                            const pinion_metrics_options *options,
                                                            size_t size);
static inline PINION_CHECKED int pinion_endpoint_metrics(pinion_endpoint *endpoint, const char *path,
                                                         const pinion_metrics_options *options)
{
    return pinion_endpoint_metrics_sized(endpoint, path, options, sizeof(pinion_metrics_options));
}

#ifdef __cplusplus
}
#endif
#endif
