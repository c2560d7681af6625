/* The workers of an endpoint, in place of src/base/workers.c's (--wrap): the work that channels begin waits
 * in a line, out of which the target picks what is done next, on the thread of elsewhere.h. */
#ifndef PINION_FUZZ_SCRIPTED_WORK_H
#define PINION_FUZZ_SCRIPTED_WORK_H

#include <stdbool.h>
#include <stddef.h>

size_t scripted_work_waiting(void);

/* Do one of them, by its place in the line, modulo its length. Its `done` waits in the loop's mailbox then.
 * False when there is none. */
bool scripted_work_do(size_t place);

#endif
