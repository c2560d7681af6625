/* What these programs share: their command line, and the line that says where they listen. */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include <pinion/pinion.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLAGS_MAX 8

/* A flag that one program has for itself. A list of them ends with a NULL name. */
typedef struct program_flag {
    const char *name; /* without "--" */
    const char *help; /* one line */
    bool *given;      /* set when it is given; NULL: it takes a number */
    uint32_t *number; /* the number, at most `most` */
    uint32_t most;
} program_flag;

/* Read --port N, --host ADDR, --loops N, --io ENGINE, --log LEVEL, --log-format F, --pubsub URL,
 * --trusted-proxies LIST, and the program's own flags (NULL: it has none), at most FLAGS_MAX. *options holds
 * the defaults, and must outlive the endpoint. The endpoint will print "listening on HOST:PORT". With
 * `--supervise` this returns only in the supervised child. `--help` and mistakes print a text. Returns 0 to
 * go on, else 1 plus the code that main() should exit with.
 */
int program_options(int argc, char **argv, const program_flag *flags, pinion_endpoint_options *options);

#ifdef __cplusplus
}
#endif
#endif
