/* The three forms of a meta: as the application gives it, as it is kept, as it is sent.
 *
 * The kept form, which other nodes also get, is the text of a JSON object. It has no phx_ref: that is made
 * from the entry (pinion__presence_ref) when the meta is sent. phx_ref_prev is an ordinary member. Both names
 * are ours: if an application or its client gives such members, they are left out. */
#ifndef PINION_PRESENCE_META_H
#define PINION_PRESENCE_META_H

#include "base/buf.h"
#include "base/slice.h"
#include <pinion/payload.h>

/* Append the kept form to an empty buffer. PINION_EPAYLOAD: poison; PINION_EINVAL: not a JSON object
 * (pinion_error_detail says so); PINION_ENOMEM, PINION_ETOOBIG: as pinion__buf_append. */
int pinion__presence_meta_keep(const pinion_payload *meta, struct pinion_buf *kept);

/* Add the ref of the meta that this one replaces to the kept form. Errors: as above. */
int pinion__presence_meta_add_prev(struct pinion_buf *kept, const char *ref);

/* Where the kept form has the ref of the meta that this one replaces; NULL: it replaces none. */
const char *pinion__presence_meta_prev(struct pinion_slice kept);

/* Remove that ref from a meta that has one. Returns the new length of the meta. */
size_t pinion__presence_meta_cut_prev(char *kept, size_t len);

#endif
