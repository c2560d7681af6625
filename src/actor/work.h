/* Work of an actor on another thread. The actor takes no message until done has run. */
#ifndef PINION_ACTOR_WORK_H
#define PINION_ACTOR_WORK_H

#include "actor/actor.h"

/* The handle_call that began the work has returned pinion_later(): what done returns answers this call. */
void pinion__actor_work_answers(struct pinion_actor *actor, pinion_call *call);

#endif
