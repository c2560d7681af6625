#include "base/loops.h"
#include <unistd.h>

unsigned pinion__default_loops(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > PINION_LOOPS_MAX ? PINION_LOOPS_MAX : (unsigned)processors;
}
