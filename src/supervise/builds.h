/* The program files from which a supervisor starts its children. They are held open, so that the program that
 * was ready last can be started again, whatever has happened to its file since. */
#ifndef PINION_SUPERVISE_BUILDS_H
#define PINION_SUPERVISE_BUILDS_H

#include <limits.h>
#include <stdbool.h>

/* Descriptors; -1: none. */
struct pinion_builds {
    char path[PATH_MAX]; /* where newer ones are found */
    int ready;           /* the one that was ready last, or that this process runs */
    int newer;           /* the one that is being tried */
    int before;          /* the one that was ready before `ready` */
};

/* Begin with the program of this process. PINION_EIO, with a sentence. */
int pinion__builds_open(struct pinion_builds *builds);
void pinion__builds_close(struct pinion_builds *builds);

/* Open the file that is at the path now, to be tried. PINION_EIO, with a sentence. */
int pinion__builds_try(struct pinion_builds *builds);

/* The program that was tried was ready: use it from now on. */
void pinion__builds_keep(struct pinion_builds *builds);

/* The program that was tried was not ready: close it. This does nothing if none is being tried. */
void pinion__builds_drop(struct pinion_builds *builds);

/* Can we go back to an earlier program than the one that is ready? There must be one, and it must be a
 * different file. */
bool pinion__builds_can_go_back(const struct pinion_builds *builds);
void pinion__builds_go_back(struct pinion_builds *builds);

/* Execute the program of a descriptor from above, as execv(3) does. Returns only on failure. If the file is
 * still at `path`, it is executed by that name, because scripts need it. */
void pinion__builds_execute(const char *path, int fd, char *const argv[]);

#endif
