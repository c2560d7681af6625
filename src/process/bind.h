/* Opening listening sockets. */
#ifndef PINION_PROCESS_BIND_H
#define PINION_PROCESS_BIND_H

#include <pinion/error.h>
#include <stdint.h>

/* Open `count` non-blocking listening sockets on one address, one for each loop, which share the load
 * (SO_REUSEPORT). host NULL: all addresses, dual-stack if there is IPv6. port 0: any free one; *bound is set
 * to the port. PINION_EADDRINUSE: another program has the port, and still has it after a second. All errors
 * leave a sentence in pinion_error_detail(). */
int pinion__bind(const char *host, uint16_t port, int *fds, unsigned count, uint16_t *bound);

/* The port of the first of these sockets that has one; 0: all of them are unix-domain sockets. PINION_EIO,
 * with a sentence: the kernel does not say. */
int pinion__bound_port(const int *fds, unsigned count, uint16_t *port);

#endif
