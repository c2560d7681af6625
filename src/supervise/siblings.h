/* Joins the supervisor's two children, during an upgrade, by a socket (process/sibling.h). Nothing that they
 * say to each other passes through the supervisor. */
#ifndef PINION_SUPERVISE_SIBLINGS_H
#define PINION_SUPERVISE_SIBLINGS_H

#include "process/sibling.h"

#define PINION_LINES_MAX                                                                                     \
    4 /* of one child: one for each of its endpoints that shares a port with the sibling's */

/* The lines of a child. */
struct pinion_lines {
    unsigned count;
    struct {
        int fd;
        char key[PINION_SIBLING_KEY];
    } lines[PINION_LINES_MAX];
};

/* Make the secret that all children get. PINION_EIO, with a sentence. */
int pinion__siblings_secret(unsigned char secret[PINION_SIBLING_SECRET]);

/* A child asks to be joined: `text` is its message, and fd came with it, which is owned from now on. It is
 * joined with the line of the same key among those of the other child, or told that it is alone. A message
 * that does not ask is ignored. */
void pinion__siblings_hear(struct pinion_lines *mine, struct pinion_lines *others,
                           const unsigned char secret[PINION_SIBLING_SECRET], const char *text, size_t len,
                           int fd);

/* The child has ended. */
void pinion__siblings_close(struct pinion_lines *lines);

#endif
