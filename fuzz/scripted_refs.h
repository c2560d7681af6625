/* The refs that scripted channels and sockets kept: used in one of several ways, on this thread or on that of
 * elsewhere.h, also after what they are of has gone. */
#ifndef PINION_FUZZ_SCRIPTED_REFS_H
#define PINION_FUZZ_SCRIPTED_REFS_H

#include <pinion/pinion.h>

#define SCRIPT_REFS 8

/* Keep it in place of the oldest, which is answered at the latest now, and freed. NULL: memory was short. */
void scripted_keep_ref(pinion_ref *ref);

/* Use this ref as the letter says, and say what came of it. The ref stays the caller's. */
int scripted_use(pinion_ref *ref, char letter, const char *script);

/* The same with one that is kept, here or on the other thread; nothing happens where there is none. */
void scripted_use_ref(unsigned index, char letter, const char *script, bool there);

/* Free one that is kept, on the other thread, without an answer. */
void scripted_free_ref(unsigned index);

/* Answer every join that waits for an answer, and free the refs. False when there are none. */
bool scripted_drop_refs(void);

/* From now on those that are kept are of an endpoint that has gone. */
void scripted_refs_outlive(void);

#endif
