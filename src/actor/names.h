/* Names of actors: who has which, under the lock of the table.
 *
 * A name belongs to its actor until that has ended. If it is opened while the actor ends, a new one gets the
 * name at once, on the same loop, and waits: it begins when the other has ended. */
#ifndef PINION_ACTOR_NAMES_H
#define PINION_ACTOR_NAMES_H

#include "actor/actor.h"

/* What is opened. */
struct pinion_opening {
    struct pinion_slice name;
    const pinion_actor_def *def; /* NULL: only an actor that is there */
    size_t def_size;
    void *argument;
    void (*destroy)(void *argument);
};

/* Find the actor of a name, or add one; *made says which. *out has a reference for the caller. Errors: those
 * of pinion_actor_open. Thread: any. */
int pinion__names_open(struct pinion_actors *actors, const struct pinion_opening *opening,
                       struct pinion_actor **out, bool *made);

/* What has opened it so far is known: pinion__names_close looks at later ones. Thread: its loop's. */
void pinion__names_note(struct pinion_actor *actor);

/* The actor gives its name up. With `idle` only if nothing waits for it, and it was not opened since the last
 * look: false then. Thread: its loop's. */
bool pinion__names_close(struct pinion_actor *actor, bool idle);

/* It has ended, or never began: the name is free, or its successor may begin. *successor gets that one, with
 * a reference, or NULL. Thread: its loop's; any, if its loop has ended before it began. */
void pinion__names_release(struct pinion_actor *actor, struct pinion_actor **successor);

#endif
