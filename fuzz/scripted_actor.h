/* Actors that do what they are told, as scripted channels do: each message and each call carries a script. In
 * each callback its first letter says what to do, and the second what to return.
 *
 * What begins is counted, so that it can be balanced at the end. What one thread sends must come in order. */
#ifndef PINION_FUZZ_SCRIPTED_ACTOR_H
#define PINION_FUZZ_SCRIPTED_ACTOR_H

#include <pinion/pinion.h>

#define SCRIPT_ACTORS 3 /* their names */

/* Open, send, call, stop, answer a call that was kept, or give refs back: as `how` says, with the actor of
 * this number, on this thread or on the other one. */
void scripted_actor_use(pinion_endpoint *endpoint, unsigned number, unsigned how, const char *script,
                        bool there);

/* The result of a channel's callback: an actor answers. */
pinion_result scripted_actor_later(pinion_channel *channel, const char *script);

/* Give refs and calls back that were kept. Calls that nobody can answer any more end. Returns false when
 * there were none. */
bool scripted_actor_drop(void);

/* Stop all that there are, once. */
void scripted_actor_stop_all(pinion_endpoint *endpoint);

/* The endpoint has been freed: what began has ended. */
void scripted_actor_check(void);

void scripted_actor_reset(void);

#endif
