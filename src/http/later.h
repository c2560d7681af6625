/* Refs of requests: the right to answer a request later, from any thread. The answer travels to the loop in a
 * task, which the ref has itself: so the loop hears even of a ref that is freed when there is no memory.
 *
 *   open --answered, or freed--> used
 *     `--the client goes-------> gone */
#ifndef PINION_HTTP_LATER_H
#define PINION_HTTP_LATER_H

#include <pinion/http.h>

/* The request has its answer, or its connection has gone: its ref can do nothing any more. Thread: the
 * loop's. */
void pinion__request_ref_end(pinion_request *request);

#endif
