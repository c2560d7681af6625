/* What goes wrong with a nats-server, in sentences. */
#ifndef PINION_PUBSUB_NATS_PROBLEM_H
#define PINION_PUBSUB_NATS_PROBLEM_H

#include "pubsub/broker.h"
#include <nats/nats.h>

/* The files for TLS can be read. PINION_EINVAL, explained. */
int pinion__nats_check_files(struct pinion_broker *broker);

/* Explain why no connection was made; on the thread that tried. PINION_EACCES, PINION_EINVAL: it never can
 * be, with these settings; PINION_EIO. */
int pinion__nats_explain(struct pinion_broker *broker, natsStatus status);

/* Read what the server says of something that is not permitted. Cut: of a long subject the library has the
 * beginning alone. False: it is something else. */
bool pinion__nats_refusal(const char *text, enum pinion_broker_act *act, char subject[PINION_SUBJECT_MAX],
                          bool *cut);

#endif
