#include "base/loops.h"
#include "base/processors.h"

unsigned pinion__default_loops(void)
{
    unsigned processors = pinion__processors();
    return processors > PINION_LOOPS_MAX ? PINION_LOOPS_MAX : processors;
}
