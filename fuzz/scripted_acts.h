/* What a scripted channel does in a callback, by letter. */
#ifndef PINION_FUZZ_SCRIPTED_ACTS_H
#define PINION_FUZZ_SCRIPTED_ACTS_H

#include <pinion/pinion.h>

void scripted_act(pinion_channel *channel, char letter, const char *rest);

/* What is sent on the occasion of a script: all but the act and the result. */
const char *scripted_rest(const char *script);

void scripted_forget_timer(void);

/* Of scripted_channel.c, for acts: do what a script says, and give its result. */
pinion_result scripted_perform(pinion_channel *channel, const char *script);

/* Put another state in the place of the channel's. */
void scripted_replace_state(pinion_channel *channel);

#endif
