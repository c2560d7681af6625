#include "supervise/awake.h"

void pinion__awake_begin(struct pinion_awake *awake, uint64_t real)
{
    *awake = (struct pinion_awake){ .now = real, .real = real };
}

uint64_t pinion__awake_wait(struct pinion_awake *awake, uint64_t due, uint64_t slice)
{
    uint64_t left = due > awake->now ? due - awake->now : 0;
    awake->planned = left < slice ? left : slice;
    return awake->planned;
}

/* A delay up to the slack is that of a busy machine, and counts: otherwise the clock of a busy supervisor
 * would be slow. */
bool pinion__awake_again(struct pinion_awake *awake, uint64_t real, uint64_t slack)
{
    uint64_t passed = real - awake->real;
    bool slept = passed >= awake->planned + slack;
    awake->now += slept ? awake->planned : passed;
    awake->real = real;
    return slept;
}
