/* What the functions that read terms share. Errors as in term.h. */
#ifndef PINION_TOKEN_TERM_INT_H
#define PINION_TOKEN_TERM_INT_H

#include "token/term.h"

/* Keep the reason, static text, and give the code back. */
int pinion__term_fail(struct pinion_term_reader *reader, int code, const char *why);

/* PINION_EPROTO unless so many bytes are left. */
int pinion__term_need(struct pinion_term_reader *reader, size_t count);

/* A number of at most eight bytes, the highest first. */
int pinion__term_read_number(struct pinion_term_reader *reader, size_t width, uint64_t *number);

/* A count of things that take a byte or more each: PINION_EPROTO when there are not that many bytes. */
int pinion__term_read_count(struct pinion_term_reader *reader, size_t width, size_t *count);

/* Bytes, after their count. */
int pinion__term_read_bytes(struct pinion_term_reader *reader, size_t width, struct pinion_slice *bytes);

/* The tag of the next term, which stays unread; -1 at the end. */
int pinion__term_next_tag(const struct pinion_term_reader *reader);

bool pinion__term_is_atom(int tag);

/* The text of an atom, whose tag is next: in the bytes, or in the reader's scratch. */
int pinion__term_read_atom_text(struct pinion_term_reader *reader, struct pinion_slice *text);

#endif
