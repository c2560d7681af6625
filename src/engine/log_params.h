/* Parameters and payloads as the log shows them: short, and without secrets. */
#ifndef PINION_ENGINE_LOG_PARAMS_H
#define PINION_ENGINE_LOG_PARAMS_H

#include <pinion/payload.h>
#include <stdbool.h>
#include <stddef.h>

#define PINION_LOG_PARAMS_MAX 512

/* Write the payload to `out`, terminated. JSON is compact; a value is "[FILTERED]" when the name of its
 * member contains one of the `filter` words, in upper or lower case, at any depth. A binary payload is "12
 * bytes". What is too long is cut, with an ellipsis. filter NULL: words for what is usually secret. */
void pinion__log_params(char out[PINION_LOG_PARAMS_MAX], const pinion_payload *payload,
                        const char *const *filter);

/* True for the name of a value that is not to be shown. filter as above. */
bool pinion__log_hides(const char *name, const char *const *filter);

/* The same text in any length, which the caller frees. NULL when out of memory. */
char *pinion__log_params_whole(const pinion_payload *payload, const char *const *filter);

#endif
