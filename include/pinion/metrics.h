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

/* ---- the application's own figures ---- */

/* A label of a figure. */
typedef struct pinion_label {
    const char *name;  /* 1 to 200 of a-z, A-Z, 0-9 and _; begins with no digit and not with "__" */
    const char *value; /* UTF-8 of up to 1,000 bytes */
} pinion_label;

/* A list of labels: PINION_LABELS({ "game", "chess" }, { "level", "3" }). At most 16. */
#define PINION_LABELS(...) PINION_TABLE(const pinion_label, __VA_ARGS__, { NULL, NULL })

typedef struct pinion_counter pinion_counter; /* A figure that only grows. */
typedef struct pinion_gauge pinion_gauge;     /* A figure that rises and falls. */

/* Register a counter, which begins at 0. It is shown on the page of metrics, if there is one. `help` says
 * what it counts. Several counters may have one name and one help text, and different labels. Labels are for
 * a few values that are known before, not for users or topics: each combination is a figure of its own.
 *
 * Ownership: *out is the endpoint's. Strings are copied; labels may be NULL, for none.
 *
 * Lifetime: until pinion_endpoint_free.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: the name is not 1 to 200 of a-z, A-Z, 0-9, _ and :, begins with a digit or with
 * "pinion_" or "process_", or does not end with "_total"; the help text is empty, longer than 1,000 bytes or
 * not UTF-8; a label is not valid; it is registered already; or the name has another help text already;
 * PINION_EBUSY: the endpoint has 2,000 counters and gauges; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_counter_new(pinion_counter **out, pinion_endpoint *endpoint,
                                                 const char *name, const char *help,
                                                 const pinion_label *labels);

/* Add to a counter. It takes no lock, and loops do not wait for each other.
 *
 * Thread: any. */
PINION_API void pinion_counter_add(pinion_counter *counter, uint64_t n);

/* Register a gauge, which begins at 0.
 *
 * Ownership: as pinion_counter_new.
 *
 * Lifetime: until pinion_endpoint_free.
 *
 * Thread: any.
 *
 * Errors: those of pinion_counter_new, except that the name must not end with "_total", "_bucket", "_sum" or
 * "_count". */
PINION_API PINION_CHECKED int pinion_gauge_new(pinion_gauge **out, pinion_endpoint *endpoint,
                                               const char *name, const char *help,
                                               const pinion_label *labels);

/* Set a gauge, or add to it; n may be less than 0.
 *
 * Thread: any. */
PINION_API void pinion_gauge_set(pinion_gauge *gauge, double value);
PINION_API void pinion_gauge_add(pinion_gauge *gauge, double n);

#ifdef __cplusplus
}
#endif
#endif
