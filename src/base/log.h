/* The log: one line an event, to stderr or to the application's own function. */
#ifndef PINION_BASE_LOG_H
#define PINION_BASE_LOG_H

#include <pinion/error.h>
#include <pinion/log.h>
#include <stdbool.h>

/* True when a line of that level would be written: for arguments that cost something to make. */
bool pinion__log_enabled(pinion_log_level level);

/* Write a line. Bytes of the message that are no printable text (a peer may have chosen them) come out as
 * \xNN. Never waits for whoever reads stderr (log_writer.h). Thread: any. */
void pinion__log(pinion_log_level level, const char *format, ...) PINION_PRINTF(2, 3);

/* Keep a sentence for pinion_error_detail() of this thread, and give `code` back. Not logged: the caller is
 * told. */
int pinion__fail(int code, const char *format, ...) PINION_PRINTF(2, 3);

/* The same for an errno: the sentence ends in what it means and, where a limit was hit (EMFILE, ENFILE;
 * EAGAIN of a thread), in which it is and how to raise it. Gives PINION_ENOMEM or PINION_EIO. */
int pinion__fail_system(int error, const char *format, ...) PINION_PRINTF(2, 3);

#define PINION_FUNCTION_NAME 64

/* The name that programs call this function by: that of a macro, where the function has _sized behind it. */
const char *pinion__public_name(char out[PINION_FUNCTION_NAME], const char *function);

/* How many sentences this thread has kept, modulo a power of two: to know later whether there is a new one.
 */
unsigned pinion__error_mark(void);

/* A public function ends with this code, which it gives back. If it is an error of which nothing was said
 * since the mark, pinion_error_detail() says from now on which function failed, and of what: see
 * PINION_RETURN in base/misuse.h. */
int pinion__error_end(const char *function, unsigned mark, int code);

/* What this thread's last failure left behind, if it was one with this code, else the code's text. */
const char *pinion__error_sentence(int code);

#endif
