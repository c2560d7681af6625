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

/* Up to the slack a delay is one of a busy machine, and is counted: else a supervisor that has much to do
 * would go slow. */
bool pinion__awake_again(struct pinion_awake *awake, uint64_t real, uint64_t slack)
{
    uint64_t passed = real - awake->real;
    bool slept = passed >= awake->planned + slack;
    awake->now += slept ? awake->planned : passed;
    awake->real = real;
    return slept;
}
