/* A socket and a channel that do what they are told. Every message carries a script, a string of letters 'a'
 * to 'z'. In each callback the first letter says what to do and the second what to return; what is sent
 * meanwhile carries the rest. So a chain of messages ends when the letters do.
 *
 * Everything is counted, so that it can be balanced at the end. What must come in order is checked. */
#ifndef PINION_FUZZ_SCRIPTED_CHANNEL_H
#define PINION_FUZZ_SCRIPTED_CHANNEL_H

#include "fuzz.h"
#include <pinion/pinion.h>
#include <stdatomic.h>

#define SCRIPT_MAX 4

struct scripted_counts {
    size_t states_made, states_destroyed; /* of sockets and channels */
    size_t joined, terminated;
    size_t works, dones;
    atomic_size_t works_done;                /* those whose function has run */
    atomic_size_t data_sent, data_destroyed; /* of pinion_ref_send_data */
    size_t callbacks;
};

extern struct scripted_counts scripted_counts;
extern const pinion_socket_def scripted_socket; /* topics room:*; takes the parameters script and id */

/* A script and a mark (scripted_order.h) as a payload. */
pinion_payload *scripted_payload(const char *script);

/* The result that the letter stands for. The result owns its payload. */
pinion_result scripted_result(char letter);

/* True when memory has been short since scripted_reset, or may be: what fails may have failed for this
 * reason. */
bool scripted_short(void);
void scripted_set_short(void);

/* Forget everything before. */
void scripted_reset(void);

#endif
