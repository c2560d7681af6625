/* How many processors this process may use. A container has fewer than its machine. */
#ifndef PINION_BASE_PROCESSORS_H
#define PINION_BASE_PROCESSORS_H

/* Those that it may run on (sched_setaffinity, cpusets), and no more than the quotas of its cgroups make,
 * rounded up. At least 1. */
unsigned pinion__processors(void);

/* The least that the quotas of this process's cgroups make, rounded up; 0: there is none. Files are looked up
 * below `root`, which is "" on a real system. */
unsigned pinion__processors_quota(const char *root);

#endif
