/* What the programs here share: their command line, and the line that says where they listen. */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include <pinion/pinion.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLAGS_MAX 8

/* A flag of one program's own. A list of them ends with a NULL name. */
typedef struct program_flag {
    const char *name; /* without "--" */
    const char *help; /* one line */
    bool *given;
} program_flag;

/* Read --port N, --host ADDR, --loops N, --io ENGINE, --log LEVEL, --pubsub URL, --trusted-proxies LIST and
 * --supervise into *options, which holds the defaults and must outlive the endpoint; and the program's own
 * flags (NULL: it has none), FLAGS_MAX at most. The endpoint will print "listening on HOST:PORT" on stdout.
 * With
 * --supervise it returns in the supervised child only. Prints help for --help, and for a mistake what is
 * wrong with it. Returns 0 to go on, else what main() should exit with plus 1. */
int program_options(int argc, char **argv, const program_flag *flags, pinion_endpoint_options *options);

#ifdef __cplusplus
}
#endif
#endif
