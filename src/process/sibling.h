/* The sibling of this process: the other child of its supervisor, which is there during an upgrade. The
 * supervisor joins the two by a socket, if both have asked for it.
 *
 * To ask, a process makes a pair of sockets, the line, and sends one end to its supervisor, with a key: the
 * text that names what the two share. On the line the supervisor answers with a message, and sends another
 * whenever a sibling with the same key has asked:
 *
 *   message = word secret     word is "ALONE" or "JOINED", followed by zeros, 8 bytes
 *
 * The secret is the supervisor's, the same for all its children. With "JOINED" comes a descriptor: a stream
 * socket whose other end the sibling has. A supervisor that does not know of this closes its end. */
#ifndef PINION_PROCESS_SIBLING_H
#define PINION_PROCESS_SIBLING_H

#include <stdbool.h>
#include <stddef.h>

#define PINION_SIBLING_ASKS   "PINION_SIBLING=" /* the key follows */
#define PINION_SIBLING_KEY    128               /* bytes of a key, with its end */
#define PINION_SIBLING_SECRET 64

struct pinion_sibling_message {
    char word[8];
    unsigned char secret[PINION_SIBLING_SECRET];
};

enum pinion_sibling_word {
    PINION_SIBLING_NOTHING, /* no message is there */
    PINION_SIBLING_ALONE,
    PINION_SIBLING_JOINED,
    PINION_SIBLING_OVER /* nothing will come any more */
};

struct pinion_sibling_news {
    enum pinion_sibling_word word;
    int fd;                                      /* of JOINED: the caller's */
    unsigned char secret[PINION_SIBLING_SECRET]; /* of ALONE and JOINED */
};

/* True if this process has a supervisor. */
bool pinion__sibling_possible(void);

/* Ask. Returns our end of the line, the caller's; -1: there is no supervisor, or it cannot be asked. */
int pinion__sibling_ask(const char *key);

/* Read a message from the line, without waiting. */
void pinion__sibling_hear(int line, struct pinion_sibling_news *out);

/* The supervisor's side: send a message, and a descriptor (-1: none), which stays the caller's. Returns false
 * if the process does not hear it. */
bool pinion__sibling_tell(int line, const char *word, const unsigned char secret[PINION_SIBLING_SECRET],
                          int fd);

#endif
