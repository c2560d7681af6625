/* HTTP routes whose functions do what the input says. They read the request, then answer it: at once, later,
 * after work, more often than they may, or never. */
#ifndef PINION_FUZZ_FUZZED_ROUTES_H
#define PINION_FUZZ_FUZZED_ROUTES_H

#include "fuzz.h"
#include <pinion/pinion.h>

/* `directory` has a file named "file". Both must last until routes_end. */
void routes_mount(pinion_endpoint *endpoint, struct input *script, const char *directory);

/* Use a ref that was kept, on the other thread or on this one: answer by it, or free it. */
void routes_use_ref(void);

/* Do some work that waits. Returns false when there is none. */
bool routes_work(void);

/* After the endpoint has run: each `done` must have run once. Frees what was kept. */
void routes_end(void);

#endif
