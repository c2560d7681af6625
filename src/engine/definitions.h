/* Definitions that a program mounts, as this library knows them. Those of a program that was built with the
 * headers of another release are longer or shorter (pinion/version.h): they are taken into structs of our
 * length, once, so that nobody else has to ask. Those of our length, which is nearly always so, are used
 * where they lie.
 */
#ifndef PINION_ENGINE_DEFINITIONS_H
#define PINION_ENGINE_DEFINITIONS_H

#include <pinion/socket.h>

/* What was taken. Zero is none. */
struct pinion_definitions {
    struct pinion_definition *first;
};

void pinion__definitions_release(struct pinion_definitions *definitions);

/* One struct of `size` bytes, of which we know `full`: theirs, or ours with the same in it; the same again
 * for the same. NULL gives NULL. PINION_EINVAL: it sets what we do not know; PINION_ENOMEM. */
int pinion__definition(struct pinion_definitions *definitions, const void *theirs, size_t size, size_t full,
                       const char *name, const void **out);
#define PINION_DEFINITION(definitions, type, theirs, size, out)                                              \
    pinion__definition(definitions, (const type *){ theirs }, size, sizeof(type), #type, out)

/* A socket's definition, with the channels it leads to. */
int pinion__definitions_socket(struct pinion_definitions *definitions, const pinion_socket_def *theirs,
                               const pinion_mount_sizes *sizes, const pinion_socket_def **out);

/* Its options, with the serializers. Into *out, whose lists are still the program's. */
int pinion__definitions_options(struct pinion_definitions *definitions, const pinion_socket_options *theirs,
                                const pinion_mount_sizes *sizes, pinion_socket_options *out);

#endif
