/* Opens a file that a peer names, below a directory. */
#ifndef PINION_HTTP_OPEN_BENEATH_H
#define PINION_HTTP_OPEN_BENEATH_H

/* Open the file at this relative path for reading. A symbolic link is followed if it stays below the
 * directory; if the kernel cannot check that, no link is followed. A FIFO does not block. Returns a
 * descriptor, or -1 with errno. */
int pinion__open_beneath(int directory, const char *path);

/* The same without openat2(): no link is followed. */
int pinion__open_without_links(int directory, const char *path);

#endif
