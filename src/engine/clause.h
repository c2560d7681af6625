/* Which of a channel's clauses takes an event. */
#ifndef PINION_ENGINE_CLAUSE_H
#define PINION_ENGINE_CLAUSE_H

#include "base/slice.h"
#include <pinion/channel.h>

/* The first clause that names the event or is "*"; NULL if no clause takes it. No clause takes an event with
 * a NUL. */
const pinion_clause *pinion__clause_find(const pinion_clause *clauses, struct pinion_slice event);

#endif
