#include "engine/clause.h"

/* Equal, when the event has no NUL in it. */
static bool is_event(const char *name, struct pinion_slice event)
{
    return strncmp(name, event.ptr, event.len) == 0 && name[event.len] == '\0';
}

const pinion_clause *pinion__clause_find(const pinion_clause *clauses, struct pinion_slice event)
{
    if (!clauses || pinion__slice_has_nul(event))
        return NULL;
    if (event.len == 0)
        event.ptr = "";
    for (const pinion_clause *clause = clauses; clause->event; clause++) {
        if (is_event(clause->event, event) || (clause->event[0] == '*' && clause->event[1] == '\0'))
            return clause;
    }
    return NULL;
}
