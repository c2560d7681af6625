/* The client's side of the protocol, for the test kit. */
#ifndef PINION_TESTING_MESSAGE_H
#define PINION_TESTING_MESSAGE_H

#include "base/frame.h"
#include <pinion/payload.h>
#include <stdbool.h>

/* A message that a client sends. */
struct pinion_test_sending {
    int join_ref; /* 0: null */
    int ref;
    const char *topic;
    const char *event;
    const pinion_payload *payload; /* borrowed */
    bool v1;                       /* in version 1.0.0 of the protocol */
};

/* Make the frame of a message. PINION_EPAYLOAD; PINION_ENOTSUP: binary in version 1.0.0; PINION_ETOOBIG;
 * PINION_ENOMEM. */
int pinion__test_encode(const struct pinion_test_sending *message, struct pinion_frame **out);

/* A message that a client was sent. */
struct pinion_test_message {
    char *ref; /* NULL for null */
    char *topic;
    char *event;
    char *status;            /* of a reply; else NULL */
    pinion_payload *payload; /* of a reply: its response */
    const json_t *value;     /* the payload as a tree, for patterns; NULL for a binary one */
};

/* Decode a frame of either version; the frame shows which. PINION_EPROTO, PINION_ENOMEM: there is nothing to
 * release. */
int pinion__test_decode(struct pinion_frame *frame, struct pinion_test_message *message);
void pinion__test_message_release(struct pinion_test_message *message);

/* Parse a pattern from JSON text. NULL gives NULL. PINION_EINVAL. */
int pinion__test_pattern(const char *text, json_t **out);

/* An object matches an object that has at least its members, an array an array of the same length, element by
 * element. Any other pattern matches an equal value. */
bool pinion__test_matches(const json_t *pattern, const json_t *value);

#endif
