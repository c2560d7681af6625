/* The definitions that a program mounts. A program that was built with the headers of another release passes
 * longer or shorter structs (pinion/version.h). These are copied once into structs of our length, so that
 * nothing else looks at sizes. Structs of our length, the usual case, are used where they lie. */
#ifndef PINION_ENGINE_DEFINITIONS_H
#define PINION_ENGINE_DEFINITIONS_H

#include <pinion/socket.h>

/* The copies that were made. All zero: no copies. */
struct pinion_definitions {
    struct pinion_definition *first;
};

void pinion__definitions_release(struct pinion_definitions *definitions);

/* Take one struct of `size` bytes, of which we know `full`. *out is the struct itself, or our copy of it;
 * taking it again gives the same copy. NULL gives NULL. PINION_EINVAL: it sets members that we do not know;
 * PINION_ENOMEM. */
int pinion__definition(struct pinion_definitions *definitions, const void *theirs, size_t size, size_t full,
                       const char *name, const void **out);
#define PINION_DEFINITION(definitions, type, theirs, size, out)                                              \
    pinion__definition(definitions, (const type *){ theirs }, size, sizeof(type), #type, out)

/* Take a socket's definition, with the definitions of its channels. */
int pinion__definitions_socket(struct pinion_definitions *definitions, const pinion_socket_def *theirs,
                               const pinion_mount_sizes *sizes, const pinion_socket_def **out);

/* Take a socket's options into *out, with the serializers. The other lists are still the program's. */
int pinion__definitions_options(struct pinion_definitions *definitions, const pinion_socket_options *theirs,
                                const pinion_mount_sizes *sizes, pinion_socket_options *out);

#endif
