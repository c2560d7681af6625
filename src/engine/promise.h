/* A promise: an answer that is owed to a join, a connect or a message, because its callback returned
 * pinion_later(). A ref or work that can still give the answer holds a reference. When the last reference
 * goes and there was no answer, the promise is broken. Then the log says so, and a join or a connect is
 * refused, since the client's whole socket waits for it.
 *
 *   callback runs --ref made, work begun--> exists --pinion_later()--> promised --answered--> kept
 *                                              `---anything else--------------> forgotten */
#ifndef PINION_ENGINE_PROMISE_H
#define PINION_ENGINE_PROMISE_H

#include <pinion/result.h>
#include <stdbool.h>

struct pinion_callback;
struct pinion_channel;
struct pinion_promise;
struct pinion_socket;

/* Takes the answer that a join or a connect has waited for. The target is the channel of the join, or the
 * socket of the connect. Consumes result. Thread: the loop's. */
typedef void pinion_answer_fn(void *target, pinion_result result);

/* The promise of the running callback, with a reference for the caller. The first call makes it. NULL when
 * out of memory, and when the callback owes no answer. Thread: the loop's. */
struct pinion_promise *pinion__promise_get(struct pinion_socket *socket, struct pinion_callback *callback);

/* NULL is allowed. Thread: any. */
void pinion__promise_unref(struct pinion_promise *promise);

/* The function that takes the answer. NULL for a message, and without a promise. Thread: any. */
pinion_answer_fn *pinion__promise_taker(const struct pinion_promise *promise);

/* A callback has returned pinion_later() with this promise. False without one. Thread: the loop's. */
bool pinion__promise_owed(const struct pinion_promise *promise);

/* Claim the right to answer. True for the first who claims it, and always without a promise. Thread: any. */
bool pinion__promise_claim(struct pinion_promise *promise);

/* Give it back: the answer could not be sent. Thread: any. */
void pinion__promise_unclaim(struct pinion_promise *promise);

/* The callback has returned: settle its promise, and drop the callback's reference. If the message has had
 * its reply already, a reply in the result is dropped, and the log says so. False: it returned
 * pinion_later(), and nobody can answer. Thread: the loop's. */
bool pinion__promise_settle(struct pinion_callback *callback, pinion_result *result);

/* Log that nobody can answer. `event` is the message's, else NULL. `channel` is NULL for a connect. */
void pinion__promise_log_broken(const struct pinion_socket *socket, const struct pinion_channel *channel,
                                const char *callback, const char *event);

#endif
