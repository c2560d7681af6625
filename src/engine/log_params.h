/* Parameters and payloads in the log: shortened, and without what is secret. */
#ifndef PINION_ENGINE_LOG_PARAMS_H
#define PINION_ENGINE_LOG_PARAMS_H

#include <pinion/payload.h>
#include <stddef.h>

#define PINION_LOG_PARAMS_MAX 512

/* The payload as one would read it in a log, terminated: compact JSON in which the value of a member (at any
 * depth) whose name has one of the `filter` words in it, in any case, is "[FILTERED]"; "12 bytes" of a binary
 * one. Cut with an ellipsis to fit. filter NULL: a list of what is usually secret. */
void pinion__log_params(char out[PINION_LOG_PARAMS_MAX], const pinion_payload *payload,
                        const char *const *filter);

#endif
