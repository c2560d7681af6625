/* Turns problems with a nats-server into sentences. */
#ifndef PINION_PUBSUB_NATS_PROBLEM_H
#define PINION_PUBSUB_NATS_PROBLEM_H

#include "pubsub/broker.h"
#include <nats/nats.h>

/* Check that the files for TLS can be read. PINION_EINVAL, explained. */
int pinion__nats_check_files(struct pinion_broker *broker);

/* Explain why no connection was made. Thread: the one that tried. PINION_EACCES, PINION_EINVAL: with these
 * settings it never can be; PINION_EIO. */
int pinion__nats_explain(struct pinion_broker *broker, natsStatus status);

/* Read what the server says about something that is not permitted. *cut is set if the library has only the
 * beginning of a long subject. Returns false if it is something else. */
bool pinion__nats_refusal(const char *text, enum pinion_broker_act *act, char subject[PINION_SUBJECT_MAX],
                          bool *cut);

#endif
