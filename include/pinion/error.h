/* Error codes of the library.
 *
 * Every function that can fail returns an int: 0, or one of these negative codes. When it fails, it leaves
 * its out-parameters untouched.
 *
 * A call that cannot be right (NULL where the contract does not allow it, the wrong thread) returns
 * PINION_EINVAL; a function without an error code does nothing and returns NULL, 0 or false. In a debug build
 * of the library such a call ends the program, with a line that names the function: docs/debugging.md. */
#ifndef PINION_ERROR_H
#define PINION_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
/* Exports a declaration from the library. */
#define PINION_API __attribute__((visibility("default")))
/* The caller must check the result. */
#define PINION_CHECKED __attribute__((warn_unused_result))
/* Argument f is a format as of printf, for the arguments from a on. */
#define PINION_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define PINION_API
#define PINION_CHECKED
#define PINION_PRINTF(f, a)
#endif

#ifndef __cplusplus
/* A constant table of these elements, for the macros that make one (PINION_CLAUSES, PINION_ROUTES,
 * PINION_LIST, PINION_SERIALIZERS). In C it is a compound literal. C++ has no compound literals: there it is
 * a static array, so its elements must be constants, and it lives as long as the program. */
#define PINION_TABLE(type, ...) ((type[]){ __VA_ARGS__ })
#else
#define PINION_TABLE(type, ...)                                                                              \
    ([]() noexcept -> type * {                                                                               \
        static type pinion_table[] = { __VA_ARGS__ };                                                        \
        return pinion_table;                                                                                 \
    }())
#endif

/* All codes, for a macro of your own: X(name, value, text) is called for each code. */
#define PINION_ERROR_MAP(X)                                                                                  \
    X(EINVAL, -1, "an argument or an option is not valid")                                                   \
    X(ENOMEM, -2, "out of memory")                                                                           \
    X(ECLOSED, -3, "the object has ended")                                                                   \
    X(ENOTJOINED, -4, "the channel has not joined yet")                                                      \
    X(EPAYLOAD, -5, "the payload could not be built")                                                        \
    X(ENOTSUP, -6, "the serializer, the transport or this build cannot do this")                             \
    X(ETOOBIG, -7, "larger than a limit allows")                                                             \
    X(EBUSY, -8, "a queue is full, or the object is busy")                                                   \
    X(EADDRINUSE, -9, "the address is in use by another program")                                            \
    X(EACCES, -10, "permission denied")                                                                      \
    X(ENOENT, -11, "no such file, directory or name")                                                        \
    X(EIO, -12, "the operating system refused an operation")                                                 \
    X(EPROTO, -13, "the peer broke the protocol")                                                            \
    X(EUTF8, -14, "text that is not valid UTF-8")                                                            \
    X(EPENDING, -15, "the outcome comes later")                                                              \
    X(ETIMEDOUT, -16, "nothing happened in time")                                                            \
    X(ETOKENMISSING, -17, "there is no token")                                                               \
    X(ETOKENINVALID, -18, "the token is not valid")                                                          \
    X(ETOKENEXPIRED, -19, "the token has expired")                                                           \
    X(ENOTCONN, -20, "there is no connection")

/* What a function returns when it fails. */
enum pinion_errno {
#define PINION_ERROR_ENUM(name, value, text) PINION_##name = (value),
    PINION_ERROR_MAP(PINION_ERROR_ENUM)
#undef PINION_ERROR_ENUM
};

/* The sentence for a code. Never NULL.
 *
 * Lifetime: static.
 *
 * Thread: any. */
PINION_API const char *pinion_strerror(int code);

/* The name of a code ("PINION_EINVAL"). Never NULL.
 *
 * Lifetime: static.
 *
 * Thread: any. */
PINION_API const char *pinion_errname(int code);

/* What went wrong in the last call of this thread that failed: a sentence that says it (for example which
 * port is taken, or which route cannot match), or at least the name of the function. "" before any call has
 * failed.
 *
 * Lifetime: until the next call that fails on this thread. */
PINION_API const char *pinion_error_detail(void);

/* The exit status for main: 0 for code 0. For an error it says on stderr what went wrong, and returns 1. */
PINION_API int pinion_exit(int code);

#ifdef __cplusplus
}
#endif
#endif
