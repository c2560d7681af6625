/* The version of the library, and what may change from one to the next.
 *
 * A program goes on with a newer library of the same soname, as it is. Structs that a program fills in, or
 * has filled in for it (options, definitions, tables of functions, counts), get more members from release to
 * release, at their end. So the functions that take one are inline: each hands on how long the struct is in
 * the headers that the program was compiled with, to the function in the library, which has the same name and
 * _sized. What is missing is zero, and that is the default; of counts a program gets as many as it has room
 * for. C and C++ need not know of this; other languages call the functions with _sized.
 *
 * The other way round, an older library refuses a struct in which something is set that it does not know:
 * PINION_EINVAL.
 *
 * What is given to one call, with all that it leads to, is compiled with the headers of one release. Tables
 * that come from elsewhere, pinion_serializer and pinion_pubsub_ops, begin with their own size. Structs that
 * only the library makes (pinion_info) grow too. All others stay as they are: those that are passed by value,
 * or lie within others. */
#ifndef PINION_VERSION_H
#define PINION_VERSION_H

#include <pinion/error.h>

/* The version of these headers. */
#define PINION_VERSION_MAJOR 0
#define PINION_VERSION_MINOR 1
#define PINION_VERSION_PATCH 0

/* The same as one number, 0x000100 for 0.1.0, to compare: #if PINION_VERSION_HEX >= 0x000200 */
#define PINION_VERSION_HEX ((PINION_VERSION_MAJOR << 16) | (PINION_VERSION_MINOR << 8) | PINION_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is linked, "0.1.0". */
PINION_API const char *pinion_version(void);

#ifdef __cplusplus
}
#endif
#endif
