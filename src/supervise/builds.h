/* The files a supervisor starts its children from, held open: the program that was ready last is the one to
 * come back to, whatever has become of its file since. */
#ifndef PINION_SUPERVISE_BUILDS_H
#define PINION_SUPERVISE_BUILDS_H

#include <limits.h>
#include <stdbool.h>

/* Each -1: none. */
struct pinion_builds {
    char path[PATH_MAX]; /* where newer ones are found */
    int ready;           /* the one that was ready last, or that this process runs */
    int newer;           /* being tried */
    int before;          /* ready before that one */
};

/* Begin with the program of this process. PINION_EIO, with a sentence. */
int pinion__builds_open(struct pinion_builds *builds);
void pinion__builds_close(struct pinion_builds *builds);

/* Open the file that is at the path now, to be tried. PINION_EIO, with a sentence. */
int pinion__builds_try(struct pinion_builds *builds);

/* What was tried was ready: it is the one from now on. */
void pinion__builds_keep(struct pinion_builds *builds);

/* It was not. Harmless when nothing is tried. */
void pinion__builds_drop(struct pinion_builds *builds);

/* Back to the one before, when there is one: when it is another than the one that is ready. */
bool pinion__builds_can_go_back(const struct pinion_builds *builds);
void pinion__builds_go_back(struct pinion_builds *builds);

/* Become the program of a descriptor from above, as execv(3) does; returns only when that fails. Where its
 * file is still at `path` it is executed by that name, as a script must be. */
void pinion__builds_execute(const char *path, int fd, char *const argv[]);

#endif
