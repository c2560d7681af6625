/* Opening a file that a peer names, below a directory. */
#ifndef PINION_HTTP_OPEN_BENEATH_H
#define PINION_HTTP_OPEN_BENEATH_H

/* Open the file of this relative path for reading. Symbolic links are followed as long as they stay below the
 * directory; where the kernel cannot check that, none is followed. A FIFO does not block. Returns a
 * descriptor, or -1 with errno. */
int pinion__open_beneath(int directory, const char *path);

/* The same where the kernel has no openat2(): no link is followed. */
int pinion__open_without_links(int directory, const char *path);

#endif
