/* Descriptors 0 to 2. If a process is started without them, its first files become its standard input, output
 * and error, and log lines would be written into a socket. */
#ifndef PINION_PROCESS_DESCRIPTORS_H
#define PINION_PROCESS_DESCRIPTORS_H

/* Open those of the three that are closed, on /dev/null. The program must call it before it opens anything
 * else. If all are open, it does nothing. */
void pinion__open_standard_descriptors(void);

#endif
