/* A socket and a channel that do what they are told: every message carries a script, a string of letters 'a'
 * to 'p'. In each callback the first letter says what to do, the second what to return, and whatever is sent
 * on that occasion carries the rest; so a chain of messages ends when the letters do.
 *
 * Everything is counted, so that what happened can be balanced at the end. */
#ifndef PINION_FUZZ_SCRIPTED_CHANNEL_H
#define PINION_FUZZ_SCRIPTED_CHANNEL_H

#include "fuzz.h"
#include <pinion/pinion.h>

#define SCRIPT_MAX  4
#define SCRIPT_REFS 8

struct scripted_counts {
    size_t states_made, states_destroyed; /* of sockets and channels */
    size_t joined, terminated;
    size_t works, dones;
    size_t data_sent, data_destroyed; /* of pinion_ref_send_data */
};

extern struct scripted_counts scripted_counts;
extern const pinion_socket_def scripted_socket; /* topics room:*; takes the parameters script and id */

/* A script as a payload; not terminated. */
pinion_payload *scripted_payload(const char *script);

/* What the letter stands for. The payload's owner is the result's. */
pinion_result scripted_result(char letter);

/* Use one of the refs that channels kept, in one of several ways. */
void scripted_use_ref(unsigned index, char letter, const char *script);

/* Let the work that began first be done. False when there is none. */
bool scripted_release_work(void);

/* Answer every join that waits for an answer, and free the refs. False when there are none. */
bool scripted_drop_refs(void);

/* Forget what was before. */
void scripted_reset(void);

#endif
