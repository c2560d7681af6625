/* Messages with a descriptor, over sockets of this machine (SCM_RIGHTS). */
#ifndef PINION_PROCESS_PASSING_H
#define PINION_PROCESS_PASSING_H

#include <stddef.h>
#include <sys/types.h>

/* Send a message as send(2) does, without waiting and without SIGPIPE, and a copy of fd with it; -1: none. */
ssize_t pinion__pass(int socket, const void *bytes, size_t len, int fd);

/* Receive a message as recv(2) does, without waiting. Returns the whole length of a message that was cut.
 * *fd is the descriptor that came with it, close-on-exec and the caller's; -1: none. */
ssize_t pinion__receive_passed(int socket, void *bytes, size_t size, int *fd);

#endif
