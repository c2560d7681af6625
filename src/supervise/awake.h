/* The clock of a process that watches over others: time in which it ran itself, or waited for as long as it
 * had planned to. When it was stopped (a terminal's ^Z, a frozen container), those it watches were stopped as
 * well, mostly, and must not be blamed for their silence. Reads no clock itself; all times are milliseconds.
 */
#ifndef PINION_SUPERVISE_AWAKE_H
#define PINION_SUPERVISE_AWAKE_H

#include <stdbool.h>
#include <stdint.h>

struct pinion_awake {
    uint64_t now;     /* what this clock shows */
    uint64_t real;    /* what the other clock showed when this one was set last */
    uint64_t planned; /* how long it was going to wait since then, at most */
};

/* Begin at the time of the other clock. */
void pinion__awake_begin(struct pinion_awake *awake, uint64_t real);

/* About to wait until `due` at the latest (UINT64_MAX: for ever), and never longer than `slice`, as what is
 * slept in a wait that has not ended cannot be told from it. Gives how long to wait. */
uint64_t pinion__awake_wait(struct pinion_awake *awake, uint64_t due, uint64_t slice);

/* The wait is over, and the other clock shows `real`. True: it took longer than planned by `slack` or more,
 * which this clock does not count. */
bool pinion__awake_again(struct pinion_awake *awake, uint64_t real, uint64_t slack);

#endif
