/* Assigns: a small set of named payloads, shared by a socket and its channels until one of them changes its
 * own (copy on write). NULL is the empty set, and costs nothing. Belongs to one loop. */
#ifndef PINION_ENGINE_ASSIGNS_H
#define PINION_ENGINE_ASSIGNS_H

#include <pinion/payload.h>
#include <stdint.h>

struct pinion_assigns;
struct pinion_refused;

struct pinion_assigns *pinion__assigns_ref(struct pinion_assigns *assigns);
void pinion__assigns_unref(struct pinion_assigns *assigns);

/* Set a value in *assigns. A shared set is left alone: *assigns becomes a copy. Consumes value, on failure
 * too. On PINION_EPAYLOAD, PINION_EUTF8 (the key) and PINION_ENOMEM *assigns is unchanged. */
int pinion__assigns_set(struct pinion_assigns **assigns, const char *key, pinion_payload *value);

/* The same for a call of the application. When it is refused, the log says so (refused.h). */
int pinion__assign(struct pinion_assigns **assigns, const char *key, pinion_payload *value,
                   const struct pinion_refused *call);

/* Set all members of a JSON object, given as text. On an error *assigns is unchanged. PINION_EPAYLOAD: the
 * text is no JSON object; PINION_ENOMEM. */
int pinion__assigns_add(struct pinion_assigns **assigns, const char *object);

/* The value, borrowed, or NULL. */
const pinion_payload *pinion__assigns_get(const struct pinion_assigns *assigns, const char *key);

/* All JSON values as one object. */
pinion_payload *pinion__assigns_object(const struct pinion_assigns *assigns);

#endif
