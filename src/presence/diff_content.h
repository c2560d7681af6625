/* What the broadcast of a diff carries besides its text: its changes with their versions. So each loop can
 * leave out for a client what the state that it was pushed has shown. */
#ifndef PINION_PRESENCE_DIFF_CONTENT_H
#define PINION_PRESENCE_DIFF_CONTENT_H

#include "presence/batch.h"
#include "pubsub/versions.h"

struct pinion_presence_diff_content {
    struct pinion_versions versions;
    struct pinion_presence_changes joins;
    struct pinion_presence_changes leaves;
    bool fetched; /* fetch has made the text from the changes */
    uint64_t numbers[];
};

/* Make it of these changes, at least one, which it takes from the list. NULL when out of memory: they are
 * freed. */
struct pinion_presence_diff_content *pinion__presence_diff_content_new(struct pinion_list *changes,
                                                                       const void *source, bool fetched);

void pinion__presence_diff_content_free(struct pinion_presence_diff_content *content);

#endif
