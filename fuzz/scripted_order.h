/* Marks: each script that is sent carries one after it. By the marks, a receiver checks that what one thread
 * did comes in order. */
#ifndef PINION_FUZZ_SCRIPTED_ORDER_H
#define PINION_FUZZ_SCRIPTED_ORDER_H

#include "fuzz.h"

#define SCRIPT_MARK_MAX 24

/* The last mark that was heard, of each thread. */
struct scripted_order {
    uint64_t last[2];
};

/* The next mark of this thread. */
const char *scripted_mark(char out[SCRIPT_MARK_MAX]);

/* Note the mark in these bytes, if there is one. It must be later than the last. */
void scripted_note(struct scripted_order *order, struct pinion_slice bytes);

#endif
