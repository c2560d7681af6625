/* The refs that scripted channels and sockets keep. They are used in several ways, on this thread or on that
 * of elsewhere.h, even after their channel or socket has gone. */
#ifndef PINION_FUZZ_SCRIPTED_REFS_H
#define PINION_FUZZ_SCRIPTED_REFS_H

#include <pinion/pinion.h>

#define SCRIPT_REFS 8

/* Keep a ref in place of the oldest, which is answered now at the latest, and freed. NULL: memory was
 * short. */
void scripted_keep_ref(pinion_ref *ref);

/* Use this ref as the letter says, and return the result. The caller keeps the ref. */
int scripted_use(pinion_ref *ref, char letter, const char *script);

/* The same with a kept ref, on this thread or on the other. Nothing happens if there is none. */
void scripted_use_ref(unsigned index, char letter, const char *script, bool there);

/* Free a kept ref on the other thread, without an answer. */
void scripted_free_ref(unsigned index);

/* Answer every join that waits for an answer, and free the refs. Returns false when there are none. */
bool scripted_drop_refs(void);

/* From now on the kept refs belong to an endpoint that has gone. */
void scripted_refs_outlive(void);

#endif
