/* Marks, by which whoever hears several things that one thread did sees that they come in order: each script
 * that is sent carries one, behind it. */
#ifndef PINION_FUZZ_SCRIPTED_ORDER_H
#define PINION_FUZZ_SCRIPTED_ORDER_H

#include "fuzz.h"

#define SCRIPT_MARK_MAX 24

/* What was heard last, of each thread. */
struct scripted_order {
    uint64_t last[2];
};

/* The next mark of this thread. */
const char *scripted_mark(char out[SCRIPT_MARK_MAX]);

/* Note the mark in these bytes, if there is one: it must be a later one than the last. */
void scripted_note(struct scripted_order *order, struct pinion_slice bytes);

#endif
