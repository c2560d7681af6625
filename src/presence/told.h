/* What a diff's broadcast carries besides its text: its changes with their versions, so that each loop can
 * leave out for a client what the state that it was pushed has shown. */
#ifndef PINION_PRESENCE_TOLD_H
#define PINION_PRESENCE_TOLD_H

#include "presence/batch.h"
#include "pubsub/versions.h"

struct pinion_presence_told {
    struct pinion_versions versions;
    struct pinion_presence_changes joins;
    struct pinion_presence_changes leaves;
    bool fetched; /* the text was made by fetch, of theirs */
    uint64_t numbers[];
};

/* Of these changes, one at least, which it takes from the list. NULL when out of memory: they are freed. */
struct pinion_presence_told *pinion__presence_told_new(struct pinion_list *changes, const void *source,
                                                       bool fetched);

void pinion__presence_told_free(struct pinion_presence_told *told);

#endif
