/* What the kernel says about a process: the server, or this one. */
#ifndef LOAD_SERVER_PROCESS_H
#define LOAD_SERVER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* The CPU time of all its threads, in nanoseconds; threads that have ended count too. Interrupts and the
 * network's work that ran in its time count as its own: on the loopback this is the receiver's side of what
 * it sends. */
uint64_t process_cpu(pid_t pid);

/* Its memory in bytes (PSS: shared memory counts in proportion). The kernel's memory for it, such as the
 * buffers of sockets, is left out. */
uint64_t process_memory(pid_t pid);

/* How many descriptors it has open. */
unsigned process_descriptors(pid_t pid);

/* The only processor it may run on, or -1. */
int process_processor(pid_t pid);

/* How long a processor has been busy, whoever used it, in nanoseconds (exact to a few milliseconds). Time
 * that a hypervisor took away counts. 0 for processor -1. */
uint64_t processor_busy(int processor);

/* The CPU time, in nanoseconds, of the kernel's thread for network work that was put off, on the processor
 * that the process is bound to. A server that sends much in one system call leaves a part of its work to this
 * thread, and must not look cheaper for it. 0 for a process that may run on several processors. */
uint64_t process_softirq(pid_t pid);

#endif
