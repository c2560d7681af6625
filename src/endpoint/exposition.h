/* Writes the text format of Prometheus, version 0.0.4. Families come one after the other, each with its HELP
 * and TYPE, and then its samples. A failure (no memory, or too much text) is kept, and what follows is left
 * out. */
#ifndef PINION_ENDPOINT_EXPOSITION_H
#define PINION_ENDPOINT_EXPOSITION_H

#include "base/buf.h"
#include "base/histogram.h"

#define PINION_EXPOSITION_MAX ((size_t)64 << 20) /* bytes of a page */

struct pinion_exposition {
    struct pinion_buf text;
    const char *name; /* of the family that is being written */
    int error;        /* 0, or what went wrong first */
};

/* A label. Lists end with a name of NULL; a list may be NULL. */
struct pinion_exposition_label {
    const char *name;
    const char *value; /* any text */
};

void pinion__exposition_init(struct pinion_exposition *out);
void pinion__exposition_release(struct pinion_exposition *out);

/* Begin a family. Lifetime: the name's is until the next one begins. */
void pinion__exposition_family(struct pinion_exposition *out, const char *name, const char *type,
                               const char *help);

/* A sample of the family. */
void pinion__exposition_count(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                              uint64_t value);
void pinion__exposition_number(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                               double value);
void pinion__exposition_seconds(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                                uint64_t ns);

/* All samples of a histogram with these labels. */
void pinion__exposition_histogram(struct pinion_exposition *out, const struct pinion_exposition_label *labels,
                                  const struct pinion_histogram_sum *sum);

/* A family that has one sample without labels. */
void pinion__exposition_counter(struct pinion_exposition *out, const char *name, const char *help,
                                uint64_t value);
void pinion__exposition_gauge(struct pinion_exposition *out, const char *name, const char *help,
                              uint64_t value);

#endif
