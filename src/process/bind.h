/* Listening sockets. */
#ifndef PINION_PROCESS_BIND_H
#define PINION_PROCESS_BIND_H

#include <pinion/error.h>
#include <stdint.h>

/* Open `count` non-blocking listening sockets on one address, one for each loop, which share the load
 * (SO_REUSEPORT). host NULL is all addresses, dual-stack where there is IPv6. port 0 takes any free one;
 * *bound is what it was. A port that another program has, and still has after a second, is a plain
 * PINION_EADDRINUSE. Errors leave a sentence in pinion_error_detail(). */
int pinion__bind(const char *host, uint16_t port, int *fds, unsigned count, uint16_t *bound);

/* The port of the first of these sockets that has one; 0: they are all unix-domain sockets. PINION_EIO, with
 * a sentence: the kernel does not say. */
int pinion__bound_port(const int *fds, unsigned count, uint16_t *port);

#endif
