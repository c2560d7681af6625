/* Which sanitizer this is compiled for. gcc defines a macro, clang has a feature. */
#ifndef PINION_BASE_SANITIZER_H
#define PINION_BASE_SANITIZER_H

#ifdef __has_feature
#define PINION_HAS_FEATURE(feature) __has_feature(feature)
#else
#define PINION_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || PINION_HAS_FEATURE(address_sanitizer)
#define PINION_ADDRESS_SANITIZER 1
#else
#define PINION_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || PINION_HAS_FEATURE(thread_sanitizer)
#define PINION_THREAD_SANITIZER 1
#else
#define PINION_THREAD_SANITIZER 0
#endif

/* AddressSanitizer cannot know which parts of our own memory nobody may touch: it is told. */
#if PINION_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#define PINION_POISON(address, size)   ASAN_POISON_MEMORY_REGION(address, size)
#define PINION_UNPOISON(address, size) ASAN_UNPOISON_MEMORY_REGION(address, size)
#define PINION_NOT_SANITIZED           __attribute__((no_sanitize_address, noinline))
#else
#define PINION_POISON(address, size)   ((void)(address), (void)(size))
#define PINION_UNPOISON(address, size) ((void)(address), (void)(size))
#define PINION_NOT_SANITIZED
#endif

#endif
