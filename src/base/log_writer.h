/* Who writes the log's lines to stderr: a thread of its own, so that nobody else waits for whoever reads
 * stderr, or is ended by SIGPIPE when nobody does. It begins with the first line, and blocks all signals.
 *
 * What cannot be written is dropped and counted, and the count is the next thing that is written: when the
 * ring is full because the reader has stalled, and when a write fails (no reader, no room on the disk). The
 * writer itself may wait in write() for as long as the reader likes.
 *
 * A process that was forked starts with no lines and no writer: what its parent has logged, its parent
 * writes. Where no thread can be started, the thread that logs writes, if the kernel says that there is
 * room. */
#ifndef PINION_BASE_LOG_WRITER_H
#define PINION_BASE_LOG_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* Have a line written, with its end, of at most PINION_LOG_LINE bytes. Never waits. Thread: any. */
void pinion__log_write(const char *line, size_t len);

/* Wait until what was put so far is written or dropped, for a quarter of a second at most, and not again
 * while the reader stalls. Thread: any; also in a signal handler. */
void pinion__log_flush(void);

/* For a process between fork and exec: it starts no thread, but writes itself, and waits as flush does. */
void pinion__log_alone(void);

/* Lines dropped in the life of this process. */
uint64_t pinion__log_dropped(void);

#endif
