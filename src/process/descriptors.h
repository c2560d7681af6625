/* Descriptors 0 to 2. A process may be started without them; the first files it opens would be taken for its
 * standard input, output and error then, and what is logged would be written into a socket. */
#ifndef PINION_PROCESS_DESCRIPTORS_H
#define PINION_PROCESS_DESCRIPTORS_H

/* Open those that are not on /dev/null. To be called before anything else is opened, by what runs the whole
 * process; harmless when all are open. */
void pinion__open_standard_descriptors(void);

#endif
