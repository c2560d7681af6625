#include "base/bucket.h"

#define TOKEN 1000 /* one token per second is then one unit per millisecond */

bool pinion__bucket_take(struct pinion_bucket *bucket, uint32_t per_second, uint32_t burst, uint64_t now_ms)
{
    uint64_t passed = bucket->shortfall > 0 ? now_ms - bucket->touched : 0;
    /* Add at most what is missing, so that the product cannot overflow. */
    uint64_t refill = passed > bucket->shortfall ? bucket->shortfall : passed * per_second;
    bucket->touched = now_ms;
    bucket->shortfall = refill < bucket->shortfall ? bucket->shortfall - refill : 0;
    if (bucket->shortfall + TOKEN > (uint64_t)burst * TOKEN)
        return false;
    bucket->shortfall += TOKEN;
    return true;
}
