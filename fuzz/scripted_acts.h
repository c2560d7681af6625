/* What a scripted channel does in a callback, by letter. */
#ifndef PINION_FUZZ_SCRIPTED_ACTS_H
#define PINION_FUZZ_SCRIPTED_ACTS_H

#include <pinion/pinion.h>

void scripted_act(pinion_channel *channel, char letter, const char *rest);

/* The script that is sent on: everything after the act and the result. */
const char *scripted_rest(const char *script);

void scripted_forget_timer(void);

/* From scripted_channel.c: do what a script says, and return its result. */
pinion_result scripted_perform(pinion_channel *channel, const char *script);

/* Replace the channel's state. */
void scripted_replace_state(pinion_channel *channel);

#endif
