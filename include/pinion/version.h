/* The version of the library. */
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
