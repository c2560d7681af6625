/* An adapter without other nodes. It exists for the broker's answer about each topic, which comes when the
 * target says so, on the thread of elsewhere.h. */
#ifndef PINION_FUZZ_SCRIPTED_BROKER_H
#define PINION_FUZZ_SCRIPTED_BROKER_H

#include <pinion/pubsub.h>

/* The only adapter. Whoever gets it frees it. */
pinion_pubsub_adapter *scripted_broker(void);

/* Allow or refuse the subscription that has waited longest. Returns false when none waits. */
bool scripted_broker_answer(bool allowed);

/* Set whether it has a connection. Without one, subscribing does not wait. */
void scripted_broker_connect(bool connected);

#endif
