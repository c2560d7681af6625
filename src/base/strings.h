/* Lists of strings in the form that options have: terminated by NULL. */
#ifndef PINION_BASE_STRINGS_H
#define PINION_BASE_STRINGS_H

/* Copy a list into one piece of memory, which the caller frees with free(). If list is NULL, *copy is NULL.
 * PINION_ENOMEM. */
int pinion__strings_copy(const char *const *list, const char *const **copy);

#endif
