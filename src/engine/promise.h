/* An answer that is owed: to a join, a connect or a message whose callback returned pinion_later(). Whoever
 * could still give it (a ref, work that is under way) holds a reference on the promise. When the last of them
 * goes without an answer, nobody can keep it any more: that is said in the log, and a join or a connect is
 * refused, since the client's whole socket waits for it.
 *
 *   callback runs --ref made, work begun--> exists --pinion_later()--> promised --answered--> kept
 *                                              `---anything else--------------> forgotten
 */
#ifndef PINION_ENGINE_PROMISE_H
#define PINION_ENGINE_PROMISE_H

#include <pinion/result.h>
#include <stdbool.h>

struct pinion_callback;
struct pinion_channel;
struct pinion_promise;
struct pinion_socket;

/* Takes the answer that a join (target: its channel) or a connect (target: its socket) has waited for.
 * Consumes result. Thread: the loop's. */
typedef void pinion_answer_fn(void *target, pinion_result result);

/* The promise of the running callback, made when first asked for, with a reference for the caller. NULL when
 * out of memory, and of a callback that owes no answer. Thread: the loop's. */
struct pinion_promise *pinion__promise_get(struct pinion_socket *socket, struct pinion_callback *callback);

/* NULL is nothing. Thread: any. */
void pinion__promise_unref(struct pinion_promise *promise);

/* Who takes the answer. NULL without a promise, and of a message's. Thread: any. */
pinion_answer_fn *pinion__promise_taker(const struct pinion_promise *promise);

/* Claim the right to answer: true for the first that does. Without a promise nobody else could: true. Thread:
 * any. */
bool pinion__promise_claim(struct pinion_promise *promise);

/* Give it back: the answer could not be sent. Thread: any. */
void pinion__promise_unclaim(struct pinion_promise *promise);

/* The callback has returned this: what it means for the promise, whose reference the callback gives up. A
 * reply when there was one already is dropped, with a line in the log: the result is then one without a
 * reply. False: it returned pinion_later(), and nobody can answer. Thread: the loop's. */
bool pinion__promise_settle(struct pinion_callback *callback, pinion_result *result);

/* Say that nobody can answer. `event` of a message, else NULL; `channel` NULL: a connect. */
void pinion__promise_log_broken(const struct pinion_socket *socket, const struct pinion_channel *channel,
                                const char *callback, const char *event);

#endif
