/* Runs an actor's callbacks, and acts on their results. */
#ifndef PINION_ACTOR_HANDLE_H
#define PINION_ACTOR_HANDLE_H

#include "actor/actor.h"

#define PINION_ACTOR_MAILBOX ((size_t)1 << 20) /* the default of max_mailbox */
#define PINION_ACTOR_TIMERS  1000              /* and of max_timers */

/* Call init. True: the actor runs. False: it has ended. */
bool pinion__actor_init(struct pinion_actor *actor);

void pinion__actor_handle_info(struct pinion_actor *actor, const pinion_info *info);
void pinion__actor_handle_call(struct pinion_actor *actor, pinion_call *call, const char *name,
                               const pinion_payload *payload);
void pinion__actor_terminate(struct pinion_actor *actor);

/* Destroy its state. */
void pinion__actor_drop_state(struct pinion_actor *actor);

/* The done of its work. */
pinion_result pinion__actor_call_done(struct pinion_actor *actor, pinion_actor_done_fn *done, int status,
                                      void *data);

/* Act on a result. `call` is what a reply answers; NULL: there is nothing to reply to. `callback` and
 * `detail` (a name, or NULL) are for the log. Consumes result. */
void pinion__actor_outcome(struct pinion_actor *actor, pinion_result result, pinion_call *call,
                           const char *callback, const char *detail);

#endif
