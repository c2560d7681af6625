/* The sentences of the kit's failures. They show whole values, however long, but no value whose name looks
 * like a secret: the words of the log's filter. */
#ifndef PINION_TESTING_FAILURE_H
#define PINION_TESTING_FAILURE_H

#include "base/frame.h"
#include <pinion/testing.h>
#include <stdio.h>

/* Writes a sentence, or a part of one. */
typedef void pinion_test_writer(FILE *out, const void *what);

/* Fail with what write(out, what) writes. The test keeps the sentence, until the next one. Without memory it
 * is the code's text. Returns code. */
int pinion__test_fail_with(pinion_test *test, int code, pinion_test_writer *write, const void *what);

/* Fail with a format and its arguments. */
int pinion__test_failf(pinion_test *test, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The test is freed: its sentence goes. */
void pinion__test_failure_release(pinion_test *test);

void pinion__test_write_bytes(FILE *out, struct pinion_slice bytes);
void pinion__test_write_payload(FILE *out, const pinion_payload *payload);
void pinion__test_write_frame(FILE *out, struct pinion_frame *frame);

#endif
