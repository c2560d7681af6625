/* The clauses of a channel: which of them takes an event. */
#ifndef PINION_ENGINE_CLAUSE_H
#define PINION_ENGINE_CLAUSE_H

#include "base/slice.h"
#include <pinion/channel.h>

/* The first that names the event or is "*", or NULL. An event with a NUL has none. */
const pinion_clause *pinion__clause_find(const pinion_clause *clauses, struct pinion_slice event);

#endif
