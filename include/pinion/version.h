/* The version of the library, and what may change between versions.
 *
 * A program keeps working, without a rebuild, with a newer library of the same soname. In new releases, some
 * structs get more members, at their end: structs that a program fills in (options, definitions, tables of
 * functions), and structs that the library fills in for it (counts). So the functions that take such a struct
 * are inline. Each passes the size of the struct, in the headers that the program was compiled with, to a
 * function in the library with the same name and _sized. Members that the program does not have are zero,
 * which means the default; of counts the program gets as many as it has room for. C and C++ programs need not
 * care; other languages call the functions with _sized.
 *
 * An older library refuses a struct that sets a member it does not know: PINION_EINVAL.
 *
 * All that is given to one call, and all that it points to, must be compiled with the headers of one release.
 * Tables that come from elsewhere, pinion_serializer and pinion_pubsub_ops, begin with their own size.
 * Structs that only the library makes (pinion_info) grow too. All other structs stay as they are: those that
 * are passed by value, and those that are members of others. */
#ifndef PINION_VERSION_H
#define PINION_VERSION_H

#include <pinion/error.h>

/* The version of these headers. */
#define PINION_VERSION_MAJOR 0
#define PINION_VERSION_MINOR 1
#define PINION_VERSION_PATCH 0

/* The same as one number, 0x000100 for 0.1.0, for comparisons: #if PINION_VERSION_HEX >= 0x000200 */
#define PINION_VERSION_HEX ((PINION_VERSION_MAJOR << 16) | (PINION_VERSION_MINOR << 8) | PINION_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is linked: "0.1.0". */
PINION_API const char *pinion_version(void);

#ifdef __cplusplus
}
#endif
#endif
