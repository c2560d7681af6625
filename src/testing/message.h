/* The client's side of the protocol, for the test kit: frames as a test wants to look at them. */
#ifndef PINION_TESTING_MESSAGE_H
#define PINION_TESTING_MESSAGE_H

#include "base/frame.h"
#include <pinion/payload.h>
#include <stdbool.h>

struct pinion_test_outgoing {
    int join_ref; /* 0: null */
    int ref;
    const char *topic;
    const char *event;
    const pinion_payload *payload; /* borrowed */
    bool v1;
};

/* PINION_EPAYLOAD, PINION_ENOTSUP (binary in V1), PINION_ETOOBIG, PINION_ENOMEM. */
int pinion__test_encode(const struct pinion_test_outgoing *message, struct pinion_frame **out);

struct pinion_test_message {
    char *ref; /* NULL for null */
    char *topic;
    char *event;
    char *status;            /* of a reply, else NULL */
    pinion_payload *payload; /* of a reply its response */
    const json_t *value;     /* the payload as a tree, for patterns; NULL for binary */
};

/* Of either version, as the frame itself tells. PINION_EPROTO, PINION_ENOMEM: nothing to release. */
int pinion__test_decode(struct pinion_frame *frame, struct pinion_test_message *message);
void pinion__test_message_release(struct pinion_test_message *message);

/* A pattern of this JSON text; NULL for NULL. PINION_EINVAL. */
int pinion__test_pattern(const char *text, json_t **out);

/* An object matches one that has at least its members; anything else its equal. */
bool pinion__test_matches(const json_t *pattern, const json_t *value);

#endif
