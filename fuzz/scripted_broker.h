/* An adapter to other nodes, none of which is there: what it is about is the broker's word on each topic,
 * which comes when the target says so, from the thread of elsewhere.h. */
#ifndef PINION_FUZZ_SCRIPTED_BROKER_H
#define PINION_FUZZ_SCRIPTED_BROKER_H

#include <pinion/pubsub.h>

/* The one adapter that there is. It is freed by whoever gets it. */
pinion_pubsub_adapter *scripted_broker(void);

/* Allow the subscription that waits longest, or refuse it. False when none waits. */
bool scripted_broker_answer(bool allowed);

/* Whether it has a connection: what is subscribed to without one waits for nothing. */
void scripted_broker_connect(bool connected);

#endif
