/* What the programs here share: their command line, and the line that says where they listen. */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include <pinion/pinion.h>

/* Read --port N, --host ADDR, --loops N, --io ENGINE, --log LEVEL, --trusted-proxies LIST and --supervise
 * into *options, which holds the defaults and must outlive the endpoint; the endpoint will print
 * "listening on HOST:PORT" on stdout. With --supervise it returns in the supervised child only. Prints help
 * for --help, and for a mistake what is wrong with it. Returns 0 to go on, else what main() should exit with
 * plus 1. */
int program_options(int argc, char **argv, pinion_endpoint_options *options);

#endif
