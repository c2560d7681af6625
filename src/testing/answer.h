/* A request of a test over HTTP, and the answer to it. */
#ifndef PINION_TESTING_ANSWER_H
#define PINION_TESTING_ANSWER_H

#include "testing/failure.h"
#include "testing/kit.h"
#include "testing/wire.h"

struct pinion_test_answer {
    struct pinion_list node;
    pinion_test *test;
    struct pinion_wire_client client;
    int status;    /* 0: its head has not come */
    size_t lines;  /* where its headers begin within client.came: "name: value", each terminated */
    size_t body;   /* where its body begins */
    size_t length; /* of the body */
    bool sized;    /* the length is known before the end */
    bool whole;    /* all of it has come */
    bool for_head; /* the request is a HEAD */
    bool given_up; /* the client has gone before it */
    char *cookie;  /* the last one that was looked up */
    char *target;
    char method[]; /* and then the target */
};

/* True for a header's line of this name: "Host: example.com". */
bool pinion__test_line_has_name(const char *line, const char *name);

/* More came on its connection. */
void pinion__test_answer_read(struct pinion_test_answer *answer);

/* The line of the first header of this name behind `after`, which is an earlier one or NULL; NULL: there is
 * none. *value is its value. */
const char *pinion__test_answer_line(const struct pinion_test_answer *answer, const char *name,
                                     const char *after, const char **value);

/* The line behind this one; NULL: the first. NULL when there are no more. */
const char *pinion__test_answer_next(const struct pinion_test_answer *answer, const char *line);

/* Writes the request, without what looks secret: "POST /login". */
void pinion__test_write_asked(FILE *out, const struct pinion_test_answer *answer);

/* Writes the answer as it came, without what looks secret. */
void pinion__test_write_answer(FILE *out, const struct pinion_test_answer *answer);

/* For public functions: see PINION_NEED_TEST. */
#define PINION_NEED_ANSWER(answer, otherwise)                                                                \
    PINION_NEED(answer, otherwise);                                                                          \
    PINION_NEED_TEST_HERE((answer)->test, otherwise)

#endif
