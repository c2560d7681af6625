/* Metas as they are given, kept and sent.
 *
 * Kept, and told to other nodes, is the text of a JSON object. Its phx_ref is not in it: it is made of the
 * entry (pinion__presence_ref) where the meta is sent. phx_ref_prev is a member like the application's own.
 * Both names are ours: what an application, or its client, gives under them is left out.
 */
#ifndef PINION_PRESENCE_META_H
#define PINION_PRESENCE_META_H

#include "base/buf.h"
#include "base/slice.h"
#include <pinion/payload.h>

/* Append the text to be kept to an empty buffer. PINION_EPAYLOAD: poison; PINION_EINVAL: not a JSON object
 * (pinion_error_detail says so); PINION_ENOMEM, PINION_ETOOBIG as pinion__buf_append. */
int pinion__presence_meta_keep(const pinion_payload *meta, struct pinion_buf *kept);

/* Add to what is kept the ref of the meta that this one replaces. Errors as above. */
int pinion__presence_meta_add_prev(struct pinion_buf *kept, const char *ref);

/* Where the ref of the one that this meta replaces stands in what is kept; NULL: it replaces none. */
const char *pinion__presence_meta_prev(struct pinion_slice kept);

/* Leave it out of a meta that has one. Returns how long the meta is then. */
size_t pinion__presence_meta_cut_prev(char *kept, size_t len);

#endif
