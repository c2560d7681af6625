/* The result of a parser that has read all its input and needs more. It is not one of the public error codes:
 * only callers of parsers see it. */
#ifndef PINION_PROTO_MORE_H
#define PINION_PROTO_MORE_H

enum { PINION_MORE = -1000 };

#endif
