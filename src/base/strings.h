/* Lists of strings, as options have them: terminated by NULL. */
#ifndef PINION_BASE_STRINGS_H
#define PINION_BASE_STRINGS_H

/* A copy in one piece of memory, to be free()d, through *copy; NULL of NULL. PINION_ENOMEM. */
int pinion__strings_copy(const char *const *list, const char *const **copy);

#endif
