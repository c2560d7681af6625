/* A thread writes the log's lines to stderr. So no other thread waits for the reader of stderr, or is ended
 * by SIGPIPE when there is no reader. The thread starts with the first line, and blocks all signals.
 *
 * A line that cannot be written is dropped and counted, because the ring is full or a write failed (no
 * reader, no room on the disk). The count is written next. The thread itself may wait in write() for as long
 * as the reader likes.
 *
 * A process made by fork starts with no lines and no writer: its parent writes what the parent has logged. If
 * no thread can be started, the thread that logs writes the line itself, if the kernel has room for it. */
#ifndef PINION_BASE_LOG_WRITER_H
#define PINION_BASE_LOG_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* Have a line written. It includes its line end, and has at most PINION_LOG_LINE bytes. Never waits. Thread:
 * any. */
void pinion__log_write(const char *line, size_t len);

/* Wait until all lines put so far are written or dropped, at most a quarter of a second, and not again while
 * the reader does not read. Thread: any; also from a signal handler. */
void pinion__log_flush(void);

/* For a process between fork and exec: it starts no thread. It writes lines itself, and waits as flush
 * does. */
void pinion__log_alone(void);

/* Lines dropped in the life of this process. */
uint64_t pinion__log_dropped(void);

#endif
