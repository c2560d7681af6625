/* The largest number of event loops in a process, and the default number. */
#ifndef PINION_BASE_LOOPS_H
#define PINION_BASE_LOOPS_H

#define PINION_LOOPS_MAX 64

/* As many loops as there are processors that this process may use, within the bounds. */
unsigned pinion__default_loops(void);

#endif
