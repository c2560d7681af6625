/* How many event loops there are at most in a process, and where nobody says how many. */
#ifndef PINION_BASE_LOOPS_H
#define PINION_BASE_LOOPS_H

#define PINION_LOOPS_MAX 64

/* As many as there are processors, within the bounds. */
unsigned pinion__default_loops(void);

#endif
