/* Replaying the steps of one vector. */
#ifndef TESTS_VECTORS_STEPS_H
#define TESTS_VECTORS_STEPS_H

#include <pinion/pinion.h>
#include <pinion/testing.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Fails the running test where the server answers otherwise. */
void replay_vector(json_t *vector, const char *vsn);

/* What the program does with each vector. */
void run_vector(const char *name, json_t *vector, const char *vsn);

/* Does what the clients do, whatever the server answers: its text frames are JSON, and who is not closed is
 * alive in the end. 0, or the error of what could not begin. */
int play_vector(json_t *vector, const char *vsn);

/* Called around what is the library's, unless NULL. */
extern void (*replay_inside)(bool inside);

/* Sends requests over HTTP, an object or a list. *mounted: the routes are there; it sets it. Deaf: nothing is
 * expected but that they are answered, or their connections closed. */
void replay_http(pinion_test *test, bool *mounted, const json_t *requests, bool deaf);

/* A value with the strings of its steps expanded: {i}, {transport}, {unique}, {c*n}. A new reference. */
json_t *expand_value(const json_t *value, const char *i);

#endif
