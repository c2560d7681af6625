/* What the functions that read terms share. Errors: as in term.h. */
#ifndef PINION_TOKEN_TERM_INT_H
#define PINION_TOKEN_TERM_INT_H

#include "token/term.h"

/* Keep the reason, which must be static text, and return the code. */
int pinion__term_fail(struct pinion_term_reader *reader, int code, const char *why);

/* PINION_EPROTO if fewer bytes than this are left. */
int pinion__term_need(struct pinion_term_reader *reader, size_t count);

/* Read a number of at most eight bytes, the highest first. */
int pinion__term_read_number(struct pinion_term_reader *reader, size_t width, uint64_t *number);

/* Read a count of things that take at least a byte each. PINION_EPROTO when fewer bytes than that are
 * left. */
int pinion__term_read_count(struct pinion_term_reader *reader, size_t width, size_t *count);

/* Read bytes, after their count. */
int pinion__term_read_bytes(struct pinion_term_reader *reader, size_t width, struct pinion_slice *bytes);

/* The tag of the next term, which stays unread; -1 at the end. */
int pinion__term_next_tag(const struct pinion_term_reader *reader);

bool pinion__term_is_atom(int tag);

/* Read the text of an atom, whose tag comes next. It lies in the bytes, or in the reader's scratch. */
int pinion__term_read_atom_text(struct pinion_term_reader *reader, struct pinion_slice *text);

#endif
