/* The log: one line for each event, to stderr or to the application's own function. */
#ifndef PINION_BASE_LOG_H
#define PINION_BASE_LOG_H

#include <pinion/error.h>
#include <pinion/log.h>
#include <stdbool.h>

/* True when a line of that level would be written. Ask it before making arguments that are expensive. */
bool pinion__log_enabled(pinion_log_level level);

/* Write a line. Bytes that are not printable ASCII are written as \xNN, because a peer may have chosen them.
 * It never waits for the reader of stderr (log_writer.h). Thread: any. */
void pinion__log(pinion_log_level level, const char *format, ...) PINION_PRINTF(2, 3);

/* Keep a sentence for pinion_error_detail() of this thread, and return `code`. It is not logged, because the
 * caller is told. */
int pinion__fail(int code, const char *format, ...) PINION_PRINTF(2, 3);

/* The same with a sentence of any length, which is not copied: it must stay until pinion__fail_gone. */
int pinion__fail_whole(int code, const char *sentence);
void pinion__fail_gone(const char *sentence);

/* As pinion__fail, for an errno: the sentence ends with what the errno means. If a limit was hit (EMFILE,
 * ENFILE, or EAGAIN for a thread), it also says which one and how to raise it. Returns PINION_ENOMEM or
 * PINION_EIO. */
int pinion__fail_system(int error, const char *format, ...) PINION_PRINTF(2, 3);

#define PINION_FUNCTION_NAME 64

/* The name under which programs call this function. A macro's function ends in _sized; that suffix is
 * removed. */
const char *pinion__public_name(char out[PINION_FUNCTION_NAME], const char *function);

/* How many sentences this thread has kept, modulo a power of two. Compare it later to see if there is a new
 * one. */
unsigned pinion__error_mark(void);

/* The end of a public function: returns `code`. If it is an error and no sentence was kept since the mark,
 * pinion_error_detail() from now on says which function failed, and why. See PINION_RETURN in
 * base/misuse.h. */
int pinion__error_end(const char *function, unsigned mark, int code);

/* The sentence about this thread's last failure if it had this code, otherwise the code's text. */
const char *pinion__error_sentence(int code);

#endif
