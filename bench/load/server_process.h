/* What the kernel says of processes: the server's and our own. */
#ifndef LOAD_SERVER_PROCESS_H
#define LOAD_SERVER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* CPU time of all its threads, those that have ended included, in nanoseconds. Interrupts and the network's
 * part that ran in its time count as its own: on the loopback that is the receiver's side of what it sends.
 */
uint64_t process_cpu(pid_t pid);

/* Its memory in bytes (PSS: what it shares with others counts in proportion). What the kernel holds for it,
 * such as the buffers of sockets, is not in it. */
uint64_t process_memory(pid_t pid);

/* How many descriptors it has open. */
unsigned process_descriptors(pid_t pid);

/* The only processor it may run on, or -1. */
int process_processor(pid_t pid);

/* For how long a processor has done anything at all for anybody, in nanoseconds (a few milliseconds fine).
 * Time that a hypervisor took away counts. 0 for processor -1. */
uint64_t processor_busy(int processor);

/* CPU time, in nanoseconds, of the kernel's thread that does network work which was put off, on the processor
 * that the process is bound to. A server that sends much in one system call leaves a part of its work to it,
 * and must not look the cheaper for that. 0 for a process that may run on several. */
uint64_t process_softirq(pid_t pid);

#endif
