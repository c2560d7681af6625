/* What a parser answers that has read all of its input and needs more of it. No error of the public header:
 * it never leaves those who feed parsers. */
#ifndef PINION_PROTO_MORE_H
#define PINION_PROTO_MORE_H

enum { PINION_MORE = -1000 };

#endif
