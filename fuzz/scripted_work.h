/* The workers of an endpoint, in place of those of src/base/workers.c (--wrap). The work that channels begin
 * waits in a line. The target chooses what is done next, on the thread of elsewhere.h. */
#ifndef PINION_FUZZ_SCRIPTED_WORK_H
#define PINION_FUZZ_SCRIPTED_WORK_H

#include <stdbool.h>
#include <stddef.h>

size_t scripted_work_waiting(void);

/* Do the work at this place in the line, modulo its length. Its `done` then waits in the loop's mailbox.
 * Returns false when there is none. */
bool scripted_work_do(size_t place);

#endif
