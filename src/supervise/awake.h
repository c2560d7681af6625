/* The clock of a process that watches over others. It counts the time in which the process ran or waited as
 * planned. If the process was stopped (by a terminal's ^Z, or in a frozen container), its children were
 * usually stopped too, and must not be blamed for their silence. It reads no clock; the caller passes the
 * time. All times are milliseconds. */
#ifndef PINION_SUPERVISE_AWAKE_H
#define PINION_SUPERVISE_AWAKE_H

#include <stdbool.h>
#include <stdint.h>

struct pinion_awake {
    uint64_t now;     /* the time of this clock */
    uint64_t real;    /* the other clock's time when this one was last set */
    uint64_t planned; /* the longest wait that was planned since then */
};

/* Begin at the time of the other clock. */
void pinion__awake_begin(struct pinion_awake *awake, uint64_t real);

/* Call it before a wait until `due` (UINT64_MAX: for ever). Returns how long to wait: never longer than
 * `slice`, because a stop during a wait is noticed only at the wait's end. */
uint64_t pinion__awake_wait(struct pinion_awake *awake, uint64_t due, uint64_t slice);

/* The wait is over, and the other clock shows `real`. Returns true if it took longer than planned by `slack`
 * or more; this clock does not count that time. */
bool pinion__awake_again(struct pinion_awake *awake, uint64_t real, uint64_t slack);

#endif
